"""Where Heliograph keeps its data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def home_folder(environ: Mapping[str, str]) -> Path:
    """Return the data folder: ``$HELIO_HOME``, else the place for a user's data on this system."""
    named = environ.get("HELIO_HOME")
    if named:
        return Path(named).expanduser()
    # It looks around in the system, so it is imported only by who needs it.
    import platformdirs

    return Path(platformdirs.user_data_dir("heliograph", appauthor=False))
