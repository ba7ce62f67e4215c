"""Answers in gzip, for those who take them."""

from __future__ import annotations

import re
from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Receive, Scope, Send

PACKED_BYTES: Final = 1_000
"""Shorter answers are not worth compressing."""
PACKED_LEVEL: Final = 4
_TAKEN: Final = re.compile(r"(?:^|,)\s*gzip\s*(?:;\s*q\s*=\s*([0-9.]+)\s*)?(?=,|$)", re.IGNORECASE)


def takes_gzip(accepted: str) -> bool:
    """Return whether ``Accept-Encoding`` names gzip, and not with ``q=0``, which refuses it."""
    found = _TAKEN.search(accepted)
    return found is not None and (found[1] or "1").strip("0.") != ""


class Packing(GZipMiddleware):
    """Packs what is long, as Starlette does it, which looks for the word gzip only."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request of HTTP; others pass."""
        if scope["type"] == "http" and not takes_gzip(Headers(scope=scope).get("accept-encoding", "")):
            others = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]
            scope = {**scope, "headers": others}
        await super().__call__(scope, receive, send)
