"""Who takes gzip, and who refuses it, gets what he asked for."""

from __future__ import annotations

import gzip

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Scope

from heliograph.api.packing import Packing, takes_gzip

TAKEN = ["gzip", "GZIP", "deflate, gzip;q=1.0, *;q=0.5", "gzip ; q=0.001", "br,gzip", "gzip;q=1, gzip;q=0"]
REFUSED = ["", "identity", "gzip;q=0", "gzip; q=0.000", "br, gzip;Q=0 , *", "x-gzip", "gzipped", "*;q=0"]


@pytest.mark.parametrize("accepted", TAKEN)
def test_gzip_is_taken(accepted: str) -> None:
    assert takes_gzip(accepted)


@pytest.mark.parametrize("accepted", REFUSED)
def test_gzip_is_not_taken(accepted: str) -> None:
    assert not takes_gzip(accepted)


@pytest.mark.parametrize(("accepted", "is_packed"), [("gzip", True), ("gzip;q=0", False), ("", False)])
async def test_an_answer_is_packed_for_those_who_take_it(accepted: str, is_packed: bool) -> None:  # noqa: FBT001
    text = b"x" * 5_000
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {"type": "http", "method": "GET", "headers": [(b"accept-encoding", accepted.encode())]}
    await Packing(PlainTextResponse(text), minimum_size=100)(scope, receive, send)
    headers = dict(sent[0]["headers"])
    body = b"".join(message.get("body", b"") for message in sent[1:])
    assert (headers.get(b"content-encoding") == b"gzip") is is_packed
    assert (gzip.decompress(body) if is_packed else body) == text
    assert headers[b"vary"] == b"Accept-Encoding"
