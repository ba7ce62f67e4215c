"""Sparkplug B: payloads of ``spBv1.0/…`` as plain values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from heliograph.codec.payload.decoded import Decoded, plain_bytes, plain_number
from heliograph.codec.payload.plain_text import decode_json
from heliograph.codec.payload.sparkplug_schema import payload_class
from heliograph.errors import PayloadError

PREFIX: Final = "spBv1.0/"
_BASIC: Final = (
    *("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64"),
    *("Float", "Double", "Boolean", "String", "DateTime"),
)
_NAMES: Final = (
    *("Unknown", *_BASIC, "Text", "UUID", "DataSet", "Bytes", "File", "Template"),
    *("PropertySet", "PropertySetList", *(f"{name}Array" for name in _BASIC)),
)
_BITS: Final = {1: 8, 2: 16, 3: 32, 4: 64}
"""Signed types, which travel as unsigned numbers."""


def decode_sparkplug(payload: bytes, *, topic: str = "") -> Decoded:
    """Return timestamp (ms), sequence number, and the metrics with name or alias, type and value.

    On ``spBv1.0/STATE/…`` Sparkplug has JSON, or before version 3 a word.

    Raises:
        PayloadError: not such a payload.
    """
    from google.protobuf.message import DecodeError

    if topic.startswith((f"{PREFIX}STATE/", "STATE/")):
        return Decoded("sparkplug", _state(payload))
    try:
        message = payload_class().FromString(payload)
        return Decoded("sparkplug", _payload(message))
    except (DecodeError, UnicodeDecodeError) as error:
        raise PayloadError("Sparkplug B", "the bytes are no protobuf message of its kind") from error


def _state(payload: bytes) -> Any:
    try:
        return decode_json(payload).value
    except PayloadError:
        return plain_bytes(payload)


def _payload(message: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        name: getattr(message, name) for name in ("timestamp", "seq", "uuid") if message.HasField(name)
    }
    plain["metrics"] = [_metric(metric) for metric in message.metrics]
    if message.HasField("body"):
        plain["body"] = plain_bytes(message.body)
    return plain


def _metric(metric: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        name: getattr(metric, name) for name in ("name", "alias", "timestamp") if metric.HasField(name)
    }
    if metric.HasField("datatype"):
        plain["type"] = type_name(metric.datatype)
    plain["value"] = None if metric.is_null else _value(metric, metric.datatype)
    for flag in ("is_historical", "is_transient"):
        if getattr(metric, flag):
            plain[flag] = True
    if metric.HasField("properties"):
        plain["properties"] = _properties(metric.properties)
    return plain


def _value(holder: Any, datatype: int) -> Any:
    which = holder.WhichOneof("value")
    if which is None:
        return None
    value = getattr(holder, which)
    if which in {"int_value", "long_value"}:
        return _signed(value, _BITS[datatype]) if datatype in _BITS else value
    plain = _PLAIN.get(which)
    return plain(value) if plain is not None else value


def _signed(value: int, bits: int) -> int:
    low = value & ((1 << bits) - 1)
    return low - (1 << bits) if low >> (bits - 1) else low


def _properties(properties: Any) -> dict[str, Any]:
    return {
        key: None if value.is_null else _value(value, value.type)
        for key, value in zip(properties.keys, properties.values, strict=False)
    }


def _dataset(dataset: Any) -> dict[str, Any]:
    types = list(dataset.types)
    rows = [
        [_value(element, types[at] if at < len(types) else 0) for at, element in enumerate(row.elements)]
        for row in dataset.rows
    ]
    return {"columns": list(dataset.columns), "types": [type_name(each) for each in types], "rows": rows}


def _template(template: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {"metrics": [_metric(metric) for metric in template.metrics]}
    if template.HasField("template_ref"):
        plain["template_ref"] = template.template_ref
    if template.parameters:
        plain["parameters"] = {each.name: _value(each, each.type) for each in template.parameters}
    return plain


def type_name(number: int) -> str:
    """Return the name of a data type."""
    return _NAMES[number] if number < len(_NAMES) else str(number)


_PLAIN: Final[dict[str, Callable[[Any], Any]]] = {
    "float_value": plain_number,
    "double_value": plain_number,
    "bytes_value": plain_bytes,
    "dataset_value": _dataset,
    "template_value": _template,
    "propertyset_value": _properties,
    "propertysets_value": lambda several: [_properties(each) for each in several.propertyset],
}
