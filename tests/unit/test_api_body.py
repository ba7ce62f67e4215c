"""Bodies are read and unpacked with a limit, and what is not what it claims to be is refused in words."""

from __future__ import annotations

import contextlib
import gzip
import json
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message

from heliograph.api.body import JSON_BYTES, Bodies, Grow, _Share, gunzip, read_body, read_json
from heliograph.errors import DecodeError, PayloadTooLarge, QueryError, StoreBusy

LIMIT = 100_000


def request(*chunks: bytes, announced: int | None = None, encoding: bytes = b"") -> Request:
    """Return a request whose body comes in chunks."""
    headers = [] if announced is None else [(b"content-length", str(announced).encode())]
    headers += [(b"content-encoding", encoding)] if encoding else []
    messages: list[Message] = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Message:
        return messages.pop(0)

    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


@given(st.lists(st.binary(max_size=3_000), max_size=6), st.integers(0, 9))
def test_gzip_members_follow_one_another(parts: list[bytes], level: int) -> None:
    packed = b"".join(gzip.compress(part, level) for part in parts)
    assert gunzip(packed, LIMIT) == b"".join(parts)


def test_a_large_member_of_many_pieces_comes_back_whole() -> None:
    data = bytes((i * i) % 251 for i in range(LIMIT))
    assert gunzip(gzip.compress(data, 0) + gzip.compress(b""), LIMIT) == data


def test_the_limit_is_what_comes_out() -> None:
    assert len(gunzip(gzip.compress(bytes(LIMIT)), LIMIT)) == LIMIT
    for packed in (gzip.compress(bytes(LIMIT + 1)), 2 * gzip.compress(bytes(LIMIT // 2 + 1))):
        with pytest.raises(PayloadTooLarge, match="100,000 bytes, more came") as error:
            gunzip(packed, LIMIT)
        assert (error.value.http_status, error.value.retry) == (413, False)


def test_a_bomb_is_not_unpacked_further_than_the_limit() -> None:
    packer = zlib.compressobj(wbits=31)
    bomb = b"".join(packer.compress(bytes(2**20)) for _ in range(256)) + packer.flush()
    assert len(bomb) < 300_000
    with pytest.raises(PayloadTooLarge):
        gunzip(bomb, LIMIT)


def test_a_million_empty_members_are_only_slow_once() -> None:
    assert gunzip(gzip.compress(b"", 1) * 100_000, LIMIT) == b""


@pytest.mark.parametrize("keep", [1, 5, 12, -9, -1])
def test_cut_short(keep: int) -> None:
    packed = gzip.compress(b"m v=1\n" * 50)
    with pytest.raises(DecodeError, match="cut short"):
        gunzip(packed[:keep], LIMIT)


@pytest.mark.parametrize(
    "body", [b"m v=1", gzip.compress(b"m v=1", mtime=0) + b"m v=2", zlib.compress(b"m v=1")]
)
def test_not_gzip(body: bytes) -> None:
    with pytest.raises(DecodeError, match="not valid gzip"):
        gunzip(body, LIMIT)


def test_a_flipped_bit_is_seen() -> None:
    packed = bytearray(gzip.compress(b"m v=1\n" * 50))
    packed[-6] ^= 1
    with pytest.raises(DecodeError, match="not valid gzip"):
        gunzip(bytes(packed), LIMIT)


async def test_bodies_come_whole_up_to_the_limit() -> None:
    assert await read_body(request(b"ab", b"", b"c"), 3) == b"abc"
    assert await read_body(request(), 0) == b""


async def test_a_body_over_the_limit_is_refused_with_and_without_its_length() -> None:
    with pytest.raises(PayloadTooLarge, match="may have 3 bytes, 1,000 bytes came"):
        await read_body(request(announced=1_000), 3)
    with pytest.raises(PayloadTooLarge, match="may have 3 bytes, more came"):
        await read_body(request(b"ab", b"cd", b"never read"), 3)


async def test_json_objects_are_read() -> None:
    value: dict[str, Any] = {"measurement": "ü☀🙂", "n": 1, "deep": [[1, {"x": None}]]}
    assert await read_json(request(json.dumps(value).encode())) == value
    assert await read_json(request(json.dumps(value, ensure_ascii=False).encode())) == value


NOT_JSON = {
    "nothing": b"",
    "cut": b"{",
    "python": b"{'a': 1}",
    "not utf-8": b"\xff\xfe",
    "not utf-8 inside": b'{"a": "\xff"}',
    "deep": b"[" * 200_000,
    "deep objects": b'{"a": ' * 50_000,
    "half a pair": b'{"a": "\\ud800"}',
    "half a pair in bytes": b'{"a": "\xed\xa0\x80"}',
    "half a pair in utf-16": '{"a": "\\ud800"}'.encode("utf-16"),
    "not a number": b'{"a": NaN}',
    "endless": b'{"a": [-Infinity]}',
    "endless number": b'{"n": ' + b"9" * 5_000 + b"}",
}


@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON)
async def test_what_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(QueryError, match="must be JSON"):
        await read_json(request(body))


@pytest.mark.parametrize(("body", "kind"), [(b"[]", "list"), (b"null", "NoneType"), (b'"x"', "str")])
async def test_json_that_is_no_object_is_refused(body: bytes, kind: str) -> None:
    with pytest.raises(QueryError, match=f"must be a JSON object, {kind} came"):
        await read_json(request(body))


async def test_json_has_a_limit_of_its_own() -> None:
    with pytest.raises(PayloadTooLarge):
        await read_json(request(b" " * (JSON_BYTES + 1)))


async def test_bodies_have_so_much_room_together_and_it_comes_back() -> None:
    bodies = Bodies(LIMIT)
    small = gzip.compress(bytes(LIMIT))
    for _ in range(2):
        async with contextlib.AsyncExitStack() as held:
            for _ in range(3):
                body, packed = await held.enter_async_context(bodies.read(request(small, encoding=b"gzip")))
                assert (len(body), packed) == (LIMIT, small)
            with pytest.raises(StoreBusy, match="try again"):
                await held.enter_async_context(bodies.read(request(small, encoding=b"gzip")))
            with pytest.raises(StoreBusy, match="try again"):
                await held.enter_async_context(bodies.read(request(b"x", announced=1)))


def test_what_comes_out_of_gzip_counts_while_it_is_unpacked() -> None:
    """Of many at once each is unpacked no further than there is room."""
    bodies, sizes = Bodies(LIMIT), list[int]()
    packed = gzip.compress(bytes(LIMIT))
    with pytest.raises(StoreBusy, match="try again"):
        gunzip(2 * packed, 2 * LIMIT, bodies_with_room(bodies, 1.5 * LIMIT, sizes))
    assert LIMIT <= max(sizes) <= 1.5 * LIMIT


def bodies_with_room(bodies: Bodies, room: float, sizes: list[int]) -> Grow:
    """Return what unpacking tells its growth, where others have taken all but so much room."""
    bodies.take(3 * LIMIT - round(room))
    held = 0

    def grow(size_bytes: int) -> None:
        nonlocal held
        bodies.take(size_bytes - held)
        held = size_bytes
        sizes.append(held)

    return grow


async def test_a_body_of_unknown_length_counts_while_it_comes() -> None:
    bodies = Bodies(LIMIT)
    bodies.take(2 * LIMIT + 10)
    with pytest.raises(StoreBusy, match="try again"):
        async with bodies.read(request(b"x" * (LIMIT - 11), b"x", b"y", b"never read")):
            raise AssertionError("it must be refused")
    bodies.take(LIMIT - 10)  # it left its room


def test_a_thread_that_unpacks_for_nobody_stops_and_takes_no_room() -> None:
    bodies = Bodies(LIMIT)
    share = _Share(bodies)
    with share.held():
        share.grow(LIMIT)
    with pytest.raises(StoreBusy, match="over"):
        gunzip(gzip.compress(bytes(9)), LIMIT, share.grow)
    bodies.take(3 * LIMIT)


async def test_a_body_that_is_refused_leaves_its_room() -> None:
    bodies = Bodies(LIMIT)
    for _ in range(9):
        for wrong in (request(b"x" * LIMIT, announced=LIMIT, encoding=b"gzip"), request(b"x" * (LIMIT + 1))):
            with pytest.raises((DecodeError, PayloadTooLarge)):
                async with bodies.read(wrong):
                    raise AssertionError("it must be refused")
