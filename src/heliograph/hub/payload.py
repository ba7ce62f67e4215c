"""How a batch stands in the stream ``LP``: its bytes, and headers by which a replay gives the same points."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote

import zstandard

from heliograph.api.body import gunzip
from heliograph.api.services import WriteRequest
from heliograph.codec.lineprotocol import NO_LIMITS, LineLimits
from heliograph.errors import DecodeError, PayloadTooLarge
from heliograph.model.mark import Mark
from heliograph.model.time import Precision
from heliograph.store.ledger.entry import Origin

SUBJECT_PREFIX: Final = "lp."
_TIME: Final = "Helio-Time-Ns"
_PRECISION: Final = "Helio-Precision"
_ENCODING: Final = "Helio-Encoding"
_LIMITS: Final = "Helio-Limits"
_ORIGIN: Final = "Helio-Origin"
_ARRIVAL: Final = "Helio-Arrival"
_LEVEL: Final = 1
"""zstd level 1: a seventh of the bytes for about 1 ms per megabyte."""


@dataclass(frozen=True, slots=True)
class Payload:
    """A message of the stream ``LP``."""

    subject: str
    data: bytes
    headers: dict[str, str]


def pack(request: WriteRequest, time_ns: int, limits: LineLimits = NO_LIMITS) -> Payload:
    """Return the message for a batch; a client's own gzip bytes are kept as they came.

    ``limits`` are those by which lines of it were refused: a replay refuses the same.
    """
    if request.gzip is not None:
        data, encoding = request.gzip, "gzip"
    else:
        data, encoding = zstandard.ZstdCompressor(_LEVEL).compress(request.body), "zstd"
    headers = {_TIME: str(time_ns), _PRECISION: request.precision.name, _ENCODING: encoding}
    headers[_LIMITS] = ",".join(map(str, limits))
    if request.origin is not None:
        mark = request.origin.mark
        headers[_ORIGIN] = json.dumps([request.origin.device, *(mark or ())])
    if request.arrival:
        headers[_ARRIVAL] = request.arrival
    return Payload(SUBJECT_PREFIX + _token(request.bucket), data, headers)


def unpack(
    subject: str, data: bytes, headers: Mapping[str, str], limit_bytes: int
) -> tuple[str, bytes, Precision, int]:
    """Return bucket, line protocol, precision and receive time (ns) of a message.

    Raises:
        DecodeError: it was not written by :func:`pack`.
        PayloadTooLarge: more than ``limit_bytes`` come out of it.
    """
    try:
        time_ns = int(headers[_TIME])
        precision = Precision[headers[_PRECISION]]
        encoding = headers[_ENCODING]
    except (KeyError, ValueError) as error:
        raise DecodeError(f"a message on {subject} lacks what a batch carries: {error!r}") from error
    bucket = unquote(subject.removeprefix(SUBJECT_PREFIX))
    if encoding == "gzip":
        return bucket, gunzip(data, limit_bytes), precision, time_ns
    try:
        if zstandard.frame_content_size(data) > limit_bytes:  # max_output_size does not hold for a known size
            raise PayloadTooLarge(None, limit_bytes)
        body = zstandard.ZstdDecompressor().decompress(data, max_output_size=limit_bytes)
    except zstandard.ZstdError as error:
        raise DecodeError(f"a message on {subject} cannot be decompressed: {error}") from error
    return bucket, body, precision, time_ns


def time_of(headers: Mapping[str, str]) -> int:
    """Return the receive time (ns) of a message, by which it is known; -1 if it has none."""
    try:
        return int(headers[_TIME])
    except (KeyError, ValueError):
        return -1


def origin_of(headers: Mapping[str, str], points: int, refused: int) -> Origin | None:
    """Return the device of a message that came by MQTT over another broker; None for one over HTTP."""
    if _ORIGIN not in headers:
        return None
    device, *mark = json.loads(headers[_ORIGIN])
    return Origin(device, time_of(headers), Mark(*mark) if mark else None, points, refused)


def arrival_of(headers: Mapping[str, str]) -> str:
    """Return by what a message is known to the broker over which it came; empty for one over HTTP."""
    return headers.get(_ARRIVAL, "")


def limits_of(headers: Mapping[str, str]) -> LineLimits:
    """Return the limits by which lines of a message were refused; there were none before there was a header.

    Raises:
        DecodeError: it was not written by :func:`pack`.
    """
    if _LIMITS not in headers:
        return NO_LIMITS
    try:
        line_bytes, tags, fields = map(int, headers[_LIMITS].split(","))
    except ValueError as error:
        raise DecodeError(f"a message has no limits for its lines: {error}") from error
    return LineLimits(line_bytes, tags, fields)


def _token(bucket: str) -> str:
    """Return a bucket's name as one token of a subject: no dot, blank or wildcard."""
    return quote(bucket, safe="").replace(".", "%2E").replace("~", "%7E")
