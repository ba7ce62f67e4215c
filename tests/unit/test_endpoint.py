"""How our commands talk to servers: errors in every dialect, answers that break off, refused writes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.cli.endpoint import Endpoint, lines
from heliograph.cli.importing.target import Target
from heliograph.errors import HubError


@contextmanager
def answering(*answers: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A server's address, and the bodies that it was sent; it gives one answer after another."""
    sent: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for answer in answers:
                connection, _ = listener.accept()
                with connection, connection.makefile("rb") as file:
                    length = 0
                    while (line := file.readline()) not in (b"\r\n", b""):
                        name, _, value = line.partition(b":")
                        length = int(value) if name.lower() == b"content-length" else length
                    sent.append(file.read(length))
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", sent
        finally:
            thread.join()


def answer(status: int, body: bytes, headers: str = "") -> bytes:
    return f"HTTP/1.1 {status} x\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


OK = answer(204, b"")


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (answer(400, b'{"code":"invalid","message":"of our own"}'), "of our own"),
        (answer(400, b'{"error":"of 1.x"}'), "of 1.x"),
        (answer(500, b"", "X-Influxdb-Error: in a header\r\n"), "in a header"),
        (answer(404, b"<html>"), "x"),
        (answer(404, b"[]"), "x"),
    ],
)
def test_errors_are_read_in_every_dialect(told: bytes, reason: str) -> None:
    with answering(told) as (url, _), pytest.raises(HubError) as caught:
        Endpoint(url).json("GET", "/")
    assert caught.value.reason == reason
    assert caught.value.retry is (caught.value.status == 500)


@pytest.mark.parametrize(
    "cut",
    [
        b"HTTP/1.1 200 x\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
        b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n50\r\nshort",
    ],
)
def test_an_answer_that_breaks_off_is_an_error_and_may_be_asked_for_again(cut: bytes) -> None:
    with answering(cut) as (url, _):
        endpoint = Endpoint(url)
        with pytest.raises(HubError, match="broke off") as caught:
            endpoint.read(endpoint.open("GET", "/"))
    assert caught.value.retry


def test_nobody_and_nonsense_are_told_as_such() -> None:
    with pytest.raises(HubError, match="no server answers there"):
        Endpoint("http://127.0.0.1:9").json("GET", "/")
    with answering(b"what?\r\n") as (url, _), pytest.raises(HubError, match="no server answers there"):
        Endpoint(url).json("GET", "/")
    with answering(answer(200, b"<html>")) as (url, _), pytest.raises(HubError, match="not answered in JSON"):
        Endpoint(url).json("GET", "/")


@given(st.lists(st.binary(max_size=9).map(lambda data: data.replace(b"x", b"\n"))))
def test_lines_are_the_same_however_a_body_is_cut(pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    found = list(lines(iter(pieces)))
    assert b"".join(found) == whole
    assert [line.count(b"\n") for line in found] == [1] * whole.count(b"\n") + [0] * (whole[-1:] not in b"\n")


def writing(*answers: bytes, batch: list[bytes]) -> tuple[Target, list[bytes], list[float]]:
    """Return what became of a batch, the bodies that were sent, and how long was waited between."""
    waits: list[float] = []
    with answering(*answers) as (url, sent):
        target = Target(Endpoint(url), waits.append)
        target.write("b", batch, numbers=[10, 20, 20, 30])
    return target, sent, waits


def test_a_hub_that_is_busy_is_asked_again_with_the_same() -> None:
    busy: Any = answer(503, b'{"code":"unavailable","message":"later"}')
    target, sent, waits = writing(busy, busy, OK, batch=[b"m v=1 1"])
    assert (sent, waits, target.refused) == ([b"m v=1 1"] * 3, [1.0, 2.0], 0)


def test_what_is_too_large_is_sent_in_halves() -> None:
    large = answer(413, b'{"code":"request too large","message":"too much"}')
    target, sent, _ = writing(large, OK, large, batch=[b"a v=1", b"b v=1"])
    assert sent == [b"a v=1\nb v=1", b"a v=1", b"b v=1"]
    assert (target.refused, list(target.reasons)) == (1, ["too much"])


def test_refused_lines_are_counted_and_told_by_their_place_in_the_file() -> None:
    told = b"partial write: line 1, column 3: bad in 'x'; line 4, column 1: worse; 1 points were written"
    partial = answer(400, b'{"code":"invalid","message":"%s"}' % told)
    target, _, _ = writing(partial, batch=[b"x", b'm s="a\nb"', b"y"])
    assert target.refused == 2
    assert list(target.reasons)[:2] == ["line 10, column 3: bad in 'x'", "line 30, column 1: worse"]
    with pytest.raises(HubError, match="no such bucket"):
        writing(answer(404, b'{"message":"no such bucket"}'), batch=[b"m v=1"])
