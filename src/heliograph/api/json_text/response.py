"""An answer of many numbers as JSON: six to ten times as fast where the compiled part is there."""

from __future__ import annotations

from starlette.responses import JSONResponse

try:
    from heliograph.api.json_text.native import dump
except ImportError:
    # Installed where there was no compiler of C++, or built for another Python.
    from heliograph.api.json_text.python import dump

__all__ = ["NumbersResponse", "dump"]


class NumbersResponse(JSONResponse):
    """An answer of many numbers; those that JSON lacks, NaN and infinity, become null."""

    def render(self, content: object) -> bytes:
        """Return the body."""
        return dump(content)
