"""What ``helio board init`` puts into a project."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

from heliograph.board.code.project import FILE, NAME
from heliograph.errors import ConfigError

_ENTRIES: Final = ("main.py", "app.py", "__main__.py")
_REQUIREMENTS: Final = "requirements.txt"

_TEXT: Final = """\
# What helio board does with this folder; docs/develop-on-boards.md tells every key.
name = {name}
entry = {entry}
{requirements}
# What stays on the laptop besides what .gitignore and .boardignore say:
ignore = []

[env]
# SITE = "plant-2"          # not for secrets: helio board env set BOARD NAME

[service]
restart = "on-failure"
# memory = "100MiB"
"""

_PROGRAM: Final = '''\
"""Prints a line every second."""

import time

count = 0
while True:
    count += 1
    print(f"round {count}", flush=True)
    time.sleep(1)
'''


def project_files(root: Path, name: str | None = None) -> dict[str, str]:
    """Return the files that make a folder a project: name and text of each that is missing.

    Raises:
        ConfigError: it is one already, or the name is none.
    """
    if (root / FILE).exists():
        raise ConfigError("is there already; edit it", path=root / FILE)
    chosen = re.sub(r"[^A-Za-z0-9_-]+", "-", root.resolve().name).strip("-_")[:40] if name is None else name
    if not NAME.fullmatch(chosen):
        raise ConfigError(f"the name of a project is up to 40 of A-Z a-z 0-9 _ -, {chosen!r} came; --name")
    entry = next((one for one in _ENTRIES if (root / one).is_file()), None)
    has_requirements = (root / _REQUIREMENTS).is_file()
    requirements = (
        f'requirements = "{_REQUIREMENTS}"' if has_requirements else f'# requirements = "{_REQUIREMENTS}"'
    )
    text = _TEXT.format(
        name=json.dumps(chosen), entry=json.dumps(entry or "main.py"), requirements=requirements
    )
    return {FILE: text} | ({} if entry else {"main.py": _PROGRAM})
