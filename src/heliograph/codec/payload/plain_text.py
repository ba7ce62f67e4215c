"""JSON, text and hexadecimal: the forms that need no library."""

from __future__ import annotations

import json
from typing import Any, Final

from heliograph.codec.payload.decoded import Decoded, plain_number
from heliograph.errors import PayloadError

_EXCERPT: Final = 60
_ROW: Final = 16


def decode_json(payload: bytes) -> Decoded:
    """Return the value of a JSON text; ``NaN`` and ``Infinity``, which devices send, become their names.

    Raises:
        PayloadError: not UTF-8, or not JSON; with line and column.
    """
    text = _utf8(payload, "JSON")
    try:
        value = json.loads(text, parse_constant=lambda name: plain_number(float(name)))
    except json.JSONDecodeError as error:
        excerpt = text.splitlines()[error.lineno - 1][:_EXCERPT] if text.strip() else ""
        where = f"line {error.lineno}, column {error.colno}"
        raise PayloadError(
            "JSON", f"{error.msg.lower()} at {where}", line=error.lineno, column=error.colno, excerpt=excerpt
        ) from error
    except RecursionError as error:
        raise PayloadError("JSON", "lists or objects are nested too deeply") from error
    return Decoded("json", value)


def decode_text(payload: bytes) -> Decoded:
    """Return UTF-8 as it is.

    Raises:
        PayloadError: not UTF-8.
    """
    return Decoded("text", _utf8(payload, "text"))


def decode_hex(payload: bytes) -> Decoded:
    """Return a dump as ``hexdump -C`` prints it, without addresses if it is one line."""
    if len(payload) <= _ROW:
        return Decoded("hex", payload.hex(" "))
    rows = [_row(at, payload[at : at + _ROW]) for at in range(0, len(payload), _ROW)]
    return Decoded("hex", "\n".join(rows))


def looks_like_text(payload: bytes) -> bool:
    """Return whether these bytes are UTF-8 without control characters that text has not."""
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return False
    return all(letter.isprintable() or letter in "\t\n\r\x1b" for letter in text)


def _utf8(payload: bytes, form: str) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError as error:
        raise PayloadError(
            form,
            f"byte {payload[error.start]:#04x} at {error.start} is not UTF-8",
            column=error.start + 1,
            excerpt=payload[error.start : error.start + 8].hex(" "),
        ) from error


def _row(at: int, raw: bytes) -> str:
    shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in raw)
    return f"{at:06x}  {raw[:8].hex(' '):<23}  {raw[8:].hex(' '):<23}  |{shown}|"


def json_or_none(payload: bytes) -> Any:
    """Return the list, dict, number or bool that a payload says in JSON; None for everything else."""
    if payload[:1] not in b"{[-0123456789tf \t\r\n":
        return None
    try:
        value = decode_json(payload).value
    except PayloadError:
        return None
    return None if isinstance(value, str) else value
