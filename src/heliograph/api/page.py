"""The page: static files that the build put into the package."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from heliograph.api.services import services

_NOT_BUILT = """<!doctype html><meta charset="utf-8"><title>Heliograph</title>
<h1>The page is not built</h1>
<p>The hub works; its page is missing in this installation.
In a source checkout, <code>make up</code> builds it.</p>
"""


async def index(request: Request) -> Response:
    """``/``: the page itself, never cached since it names the built scripts."""
    path = services(request).page / "index.html"
    if not path.is_file():
        return HTMLResponse(_NOT_BUILT, 503)
    return FileResponse(path, headers={"Cache-Control": "no-cache"})
