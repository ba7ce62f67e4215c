"""A batch comes out of the stream as it went in, whatever its bucket is called and however it was packed."""

from __future__ import annotations

import gzip

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from heliograph.api.services import WriteRequest
from heliograph.codec.lineprotocol import NO_LIMITS, LineLimits
from heliograph.errors import DecodeError, PayloadTooLarge
from heliograph.hub.payload import limits_of, pack, unpack
from heliograph.model.time import Precision

LIMIT = 10_000
BUCKETS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)


@given(
    BUCKETS,
    st.binary(max_size=2_000),
    st.sampled_from(Precision),
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from(["gzip", "plain"]),
)
def test_round_trip(bucket: str, body: bytes, precision: Precision, time_ns: int, client: str) -> None:
    compressed = gzip.compress(body, mtime=0) if client == "gzip" else None
    payload = pack(WriteRequest(bucket, body, compressed, precision), time_ns)
    assert unpack(payload.subject, payload.data, payload.headers, LIMIT) == (bucket, body, precision, time_ns)
    if compressed:
        assert payload.data == compressed, "a client's own bytes are kept"


@given(BUCKETS)
def test_a_bucket_is_one_word_of_a_subject(bucket: str) -> None:
    subject = pack(WriteRequest(bucket, b"", None, Precision.NS), 0).subject
    assert subject.count(".") == 1
    assert subject.isascii()
    assert not set(subject) & set(" *>\t\r\n\x00$")


@pytest.mark.parametrize("missing", ["Helio-Time-Ns", "Helio-Precision", "Helio-Encoding"])
def test_a_message_of_somebody_else_is_told_as_such(missing: str) -> None:
    payload = pack(WriteRequest("b", b"m v=1", None, Precision.NS), 1)
    headers = {name: value for name, value in payload.headers.items() if name != missing}
    with pytest.raises(DecodeError, match="lacks what a batch carries"):
        unpack(payload.subject, payload.data, headers, LIMIT)


@pytest.mark.parametrize("changed", [{"Helio-Time-Ns": "noon"}, {"Helio-Precision": "FORTNIGHT"}])
def test_headers_that_make_no_sense(changed: dict[str, str]) -> None:
    payload = pack(WriteRequest("b", b"m v=1", None, Precision.NS), 1)
    with pytest.raises(DecodeError):
        unpack(payload.subject, payload.data, payload.headers | changed, LIMIT)


def test_damaged_bytes_are_told_as_such() -> None:
    payload = pack(WriteRequest("b", b"m v=1" * 100, None, Precision.NS), 1)
    for data in (b"", b"x", payload.data[:-3]):
        with pytest.raises(DecodeError):
            unpack(payload.subject, data, payload.headers, LIMIT)


@pytest.mark.parametrize(
    "data", [gzip.compress(bytes(LIMIT + 1), mtime=0), zstandard.compress(bytes(50 * LIMIT))]
)
def test_the_limit_holds_when_a_batch_is_read_back(data: bytes) -> None:
    encoding = "gzip" if data.startswith(b"\x1f") else "zstd"
    headers = {"Helio-Time-Ns": "1", "Helio-Precision": "NS", "Helio-Encoding": encoding}
    with pytest.raises((PayloadTooLarge, DecodeError)):
        unpack("lp.b", data, headers, LIMIT)


def test_the_limits_of_its_lines_travel_with_a_batch() -> None:
    limits = LineLimits(1_000, 2, 3)
    headers = pack(WriteRequest("b", b"m v=1", None, Precision.NS), 1, limits).headers
    assert limits_of(headers) == limits
    assert limits_of(pack(WriteRequest("b", b"m v=1", None, Precision.NS), 1).headers) == NO_LIMITS
    assert limits_of({}) == NO_LIMITS, "as an earlier version wrote it"
    for damaged in ("", "1,2", "1,2,x"):
        with pytest.raises(DecodeError, match="limits"):
            limits_of(headers | {"Helio-Limits": damaged})
