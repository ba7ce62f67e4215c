"""The page's files as browsers and strangers ask for them."""

from __future__ import annotations

import gzip
from pathlib import Path
from types import SimpleNamespace

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from heliograph.api import page

SCRIPT = b"import './other.js';" * 20


async def asked(folder: Path, name: str, accepted: str) -> Response:
    """Ask as a browser does; of the hub's services the page's folder is all that counts here."""
    app = SimpleNamespace(state=SimpleNamespace(services=SimpleNamespace(page=folder)))
    headers = [(b"accept-encoding", accepted.encode())]
    scope = {"type": "http", "app": app, "headers": headers, "path_params": {"name": name}}
    return await page.asset(Request(scope))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "app-1.js").write_bytes(SCRIPT)
    return tmp_path


@pytest.mark.parametrize("accepted", ["gzip", "br, GZIP;q=0.5", "gzip; q=1.0", "gzip;q=0.001, br"])
async def test_who_takes_gzip_gets_it(folder: Path, accepted: str) -> None:
    answer = await asked(folder, "app-1.js", accepted)
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(bytes(answer.body)) == SCRIPT


@pytest.mark.parametrize("accepted", ["", "identity", "gzip;q=0", "br, gzip ; q=0.0, identity", "GZIP;q=0"])
async def test_who_refuses_gzip_gets_none(folder: Path, accepted: str) -> None:
    answer = await asked(folder, "app-1.js", accepted)
    assert "content-encoding" not in answer.headers
    assert bytes(answer.body) == SCRIPT


@pytest.mark.parametrize("name", ["nothing.js", "..", "x" * 300, "é" * 200, "a\0b"])
async def test_what_is_no_file_is_not_found(folder: Path, name: str) -> None:
    with pytest.raises(HTTPException) as caught:
        await asked(folder, name, "gzip")
    assert caught.value.status_code == 404
