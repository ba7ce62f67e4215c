"""The page: static files that the build put into the package."""

from __future__ import annotations

import asyncio
import gzip
import mimetypes
from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from heliograph.api.packing import takes_gzip
from heliograph.api.services import services

_FOR_EVER: Final = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
_LONGEST: Final = 255
"""Of a file's name; what is longer names none, and the system refuses to look."""
_packed: Final[dict[Path, bytes]] = {}
"""Files of the page as they travel, some 200 KiB in all: each is read and compressed once."""

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


async def asset(request: Request) -> Response:
    """``/assets/NAME``: a script or a style; its name holds its hash, so that nobody has to ask for it again.

    Raises:
        HTTPException: 404, the page has no such file.
    """
    path = services(request).page / "assets" / request.path_params["name"]
    if path not in _packed:
        _packed[path] = await asyncio.to_thread(_pack, path)
    media_type = mimetypes.guess_type(path.name)[0]
    if not takes_gzip(request.headers.get("accept-encoding", "")):
        return Response(gzip.decompress(_packed[path]), headers=_FOR_EVER, media_type=media_type)
    return Response(_packed[path], headers=_FOR_EVER | {"Content-Encoding": "gzip"}, media_type=media_type)


def _pack(path: Path) -> bytes:
    if len(path.name.encode(errors="replace")) > _LONGEST or not path.is_file():
        raise HTTPException(404)
    return gzip.compress(path.read_bytes())
