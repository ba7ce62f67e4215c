"""Heliograph: see what your boards do.

The public surface of the package is small on purpose; start reading at ARCHITECTURE.md.
"""

from typing import TYPE_CHECKING

from heliograph.public import find as __getattr__  # noqa: F401 - Python asks it for what is not here

if TYPE_CHECKING:
    from heliograph.app.app import App
    from heliograph.app.message import Message
    from heliograph.app.options import duration, size
    from heliograph.app.outgoing.points import Fields
    from heliograph.app.streams.stream import Stream
    from heliograph.model.point import Point
    from heliograph.transport.spool.outbox import Delivery

__version__ = "0.1.0"
__all__ = ["App", "Delivery", "Fields", "Message", "Point", "Stream", "__version__", "duration", "size"]
