"""Which decoder for which payload: by name, or found out."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from heliograph.codec.payload.cbor import decode_cbor, load_cbor, plain
from heliograph.codec.payload.decoded import Decoded
from heliograph.codec.payload.lines import decode_lines
from heliograph.codec.payload.plain_text import (
    decode_hex,
    decode_json,
    decode_text,
    json_or_none,
    looks_like_text,
)
from heliograph.codec.payload.senml import decode_senml, is_senml, resolve
from heliograph.codec.payload.sparkplug import PREFIX, decode_sparkplug
from heliograph.errors import PayloadError

_DECODERS: Final[dict[str, Callable[[bytes], Decoded]]] = {
    "json": decode_json,
    "lp": decode_lines,
    "cbor": decode_cbor,
    "hex": decode_hex,
    "text": decode_text,
}
FORMS: Final = ("auto", "json", "lp", "cbor", "sparkplug", "senml", "text", "hex")
_LINE: Final = re.compile(rb"(?:#[^\n]*\n)*\S+(?:\\ \S*)* \S+=\S")


def decode(payload: bytes, form: str = "auto", *, topic: str = "", now_s: float = 0.0) -> Decoded:
    """Return the values of a payload.

    Args:
        payload: the bytes.
        form: one of ``FORMS``; ``auto`` finds it out and never fails.
        topic: where it came from, which tells Sparkplug from other bytes.
        now_s: when it came, seconds since 1970, for SenML's relative times.

    Raises:
        PayloadError: it is not of this form.
    """
    if form == "auto":
        return _found(payload, topic, now_s)
    if form == "sparkplug":
        return decode_sparkplug(payload, topic=topic)
    if form == "senml":
        return decode_senml(payload, now_s=now_s)
    return _DECODERS[form](payload)


def _found(payload: bytes, topic: str, now_s: float) -> Decoded:
    if not payload:
        return Decoded("empty", "")
    try:
        if topic.startswith(PREFIX):
            return decode_sparkplug(payload, topic=topic)
        if looks_like_text(payload):
            return _found_text(payload, now_s)
        return _found_bytes(payload, now_s)
    except PayloadError:
        return decode_text(payload) if looks_like_text(payload) else decode_hex(payload)


def _found_text(payload: bytes, now_s: float) -> Decoded:
    value = json_or_none(payload)
    if value is not None:
        return Decoded("senml", resolve(value, now_s=now_s)) if is_senml(value) else Decoded("json", value)
    return decode_lines(payload) if _LINE.match(payload) else decode_text(payload)


def _found_bytes(payload: bytes, now_s: float) -> Decoded:
    value = load_cbor(payload)
    if is_senml(value):
        return Decoded("senml", resolve(value, now_s=now_s))
    if isinstance(value, dict | list):  # nearly every byte is CBOR of something; only these are surely meant
        return Decoded("cbor", plain(value))
    return decode_hex(payload)
