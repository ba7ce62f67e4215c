"""The names that `heliograph` gives to device programs; each is imported when it is first asked for."""

from __future__ import annotations

import importlib
from typing import Any, Final

PUBLIC: Final = {
    "App": "heliograph.app.app",
    "Delivery": "heliograph.transport.spool.outbox",
    "Fields": "heliograph.app.outgoing.points",
    "Message": "heliograph.app.message",
    "Point": "heliograph.model.point",
    "Stream": "heliograph.app.streams.stream",
    "duration": "heliograph.app.options",
    "size": "heliograph.app.options",
}


def find(name: str) -> Any:
    """Return what a name of the package stands for; this is its ``__getattr__``.

    Raises:
        AttributeError: it stands for nothing.
    """
    if name not in PUBLIC:
        raise AttributeError(f"module 'heliograph' has no attribute {name!r}")
    return getattr(importlib.import_module(PUBLIC[name]), name)
