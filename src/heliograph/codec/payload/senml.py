"""SenML (RFC 8428) in JSON and CBOR: packs of records, resolved so that each stands for itself."""

from __future__ import annotations

import math
from typing import Any, Final

from heliograph.codec.payload.cbor import load_cbor, plain
from heliograph.codec.payload.decoded import Decoded
from heliograph.codec.payload.plain_text import decode_json, looks_like_text
from heliograph.errors import PayloadError

_LABELS: Final = {
    -1: "bver",
    -2: "bn",
    -3: "bt",
    -4: "bu",
    -5: "bv",
    -6: "bs",
    0: "n",
    1: "u",
    2: "v",
    3: "vs",
    4: "vb",
    5: "s",
    6: "t",
    7: "ut",
    8: "vd",
}
"""RFC 8428 §6: what the numbers stand for that CBOR has instead of names."""
_NAMES: Final = frozenset(_LABELS.values())
_RELATIVE_BELOW_S: Final = 2**28  # RFC 8428 §4.5.3: smaller times are relative to now
_NEWEST_VERSION: Final = 10


def is_senml(value: Any) -> bool:
    """Return whether a JSON or CBOR value has the shape of a pack: records that know no other keys."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(record, dict) and record and _known(record) for record in value)
        and any(_label(key) in {"n", "bn"} for key in value[0])
        and any(_label(key) in {"v", "vs", "vb", "vd", "s"} for record in value for key in record)
    )


def decode_senml(payload: bytes, *, now_s: float = 0.0) -> Decoded:
    """Return the records with full names, units, times and sums of the base values.

    Times are seconds since 1970; a time relative to now is added to ``now_s``, when the message came.

    Raises:
        PayloadError: not JSON or CBOR, not a list of records, a record without a name, or of a version that
            this does not know.
    """
    value = decode_json(payload).value if looks_like_text(payload) else load_cbor(payload)
    if not isinstance(value, list) or not all(isinstance(record, dict) for record in value):
        raise PayloadError("SenML", "a pack is a list of records in braces")
    return Decoded("senml", resolve(value, now_s=now_s))


def resolve(records: list[dict[Any, Any]], *, now_s: float = 0.0) -> list[dict[str, Any]]:
    """Return records that need no base any more; raises as :func:`decode_senml`."""
    base: dict[str, Any] = {}
    resolved = []
    for number, raw in enumerate(records, 1):
        record = {_label(key): plain(each) for key, each in raw.items()}
        base |= {key: each for key, each in record.items() if key in {"bn", "bt", "bu", "bv", "bs", "bver"}}
        _check_version(base)
        if any(key in record for key in ("v", "vs", "vb", "vd", "s")):
            resolved.append(_resolved(number, record, base, now_s))
        unknown = [key for key in record if key.endswith("_") and key not in _NAMES]
        if unknown:  # RFC 8428 §4.4: who does not know such a field must not use the record
            raise PayloadError(
                "SenML", f"record {number} has {unknown[0]!r}, which must be understood", line=number
            )
    return resolved


def _resolved(number: int, record: dict[str, Any], base: dict[str, Any], now_s: float) -> dict[str, Any]:
    name = f"{base.get('bn', '')}{record.get('n', '')}"
    if not name:
        raise PayloadError("SenML", f"record {number} has no name", line=number)
    time_s = _number(number, base.get("bt", 0)) + _number(number, record.get("t", 0))
    full: dict[str, Any] = {"n": name}
    if time_s or "t" in record or "bt" in base:
        full["t"] = time_s + now_s if time_s < _RELATIVE_BELOW_S else time_s
    if (unit := record.get("u", base.get("bu"))) is not None:
        full["u"] = unit
    if "v" in record:
        full["v"] = _sum(number, record["v"], base.get("bv", 0))
    if "s" in record:
        full["s"] = _sum(number, record["s"], base.get("bs", 0))
    return full | {key: record[key] for key in ("vs", "vb", "vd", "ut") if key in record}


def _sum(number: int, value: Any, base: Any) -> float:
    return _number(number, value) + _number(number, base)


def _number(number: int, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise PayloadError("SenML", f"record {number} has {value!r} where a number belongs", line=number)
    return value


def _check_version(base: dict[str, Any]) -> None:
    version = base.get("bver", _NEWEST_VERSION)
    if not isinstance(version, int) or version > _NEWEST_VERSION:
        raise PayloadError("SenML", f"version {version} is newer than {_NEWEST_VERSION}, which is known here")


def _known(record: dict[Any, Any]) -> bool:
    return all(_label(key) in _NAMES for key in record)


def _label(key: Any) -> str:
    return _LABELS.get(key, str(key)) if isinstance(key, int) else str(key)
