"""Sparkplug B's protobuf messages, described in code, so that nothing has to be generated.

Source: Eclipse Sparkplug 3.0.0, chapter 6.4, whose field numbers these are. Extensions are left out: a reader
skips what it does not know.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

_TYPES: Final = {"uint32": 13, "uint64": 4, "float": 2, "double": 1, "bool": 8, "string": 9, "bytes": 12}
_MESSAGE: Final = 11
_OPTIONAL: Final = 1
_REPEATED: Final = 3
_PACKAGE: Final = "heliograph.sparkplug"

_VALUES: Final = "int:uint32 long:uint64 float:float double:double boolean:bool string:string"

_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    # name:type[:number]; * before the type means repeated, = before the name means one of the values
    "Payload": ("timestamp:uint64", "metrics:*Metric", "seq:uint64", "uuid:string", "body:bytes"),
    "Metric": (
        *("name:string", "alias:uint64", "timestamp:uint64", "datatype:uint32", "is_historical:bool"),
        *("is_transient:bool", "is_null:bool", "metadata:MetaData", "properties:PropertySet"),
        *(f"={value}" for value in f"{_VALUES} bytes:bytes dataset:DataSet template:Template".split()),
    ),
    "MetaData": (
        *("is_multi_part:bool", "content_type:string", "size:uint64", "seq:uint64", "file_name:string"),
        *("file_type:string", "md5:string", "description:string"),
    ),
    "PropertySet": ("keys:*string", "values:*PropertyValue"),
    "PropertySetList": ("propertyset:*PropertySet",),
    "PropertyValue": (
        *("type:uint32", "is_null:bool"),
        *(f"={value}" for value in f"{_VALUES} propertyset:PropertySet propertysets:PropertySetList".split()),
    ),
    "DataSet": ("num_of_columns:uint64", "columns:*string", "types:*uint32", "rows:*Row"),
    "Row": ("elements:*DataSetValue",),
    "DataSetValue": tuple(f"={value}" for value in _VALUES.split()),
    "Template": (
        *("version:string", "metrics:*Metric", "parameters:*Parameter", "template_ref:string"),
        "is_definition:bool",
    ),
    "Parameter": ("name:string", "type:uint32", *(f"={value}" for value in _VALUES.split())),
}


@cache
def payload_class() -> Any:
    """Return protobuf's class for a payload, made at the first call."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(
        name="heliograph/sparkplug.proto", package=_PACKAGE, syntax="proto2"
    )
    for name, fields in _FIELDS.items():
        message = file.message_type.add(name=name)
        for number, text in enumerate(fields, 1):
            _add_field(message, number, text)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Payload"))


def _add_field(message: Any, number: int, text: str) -> None:
    name, _, kind = text.removeprefix("=").partition(":")
    is_repeated = kind.startswith("*")
    kind = kind.removeprefix("*")
    is_value = text.startswith("=")
    field = message.field.add(
        name=f"{name}_value" if is_value else name,
        number=number,
        label=_REPEATED if is_repeated else _OPTIONAL,
        type=_TYPES.get(kind, _MESSAGE),
    )
    if kind not in _TYPES:
        field.type_name = f".{_PACKAGE}.{kind}"
    if is_value:
        if not message.oneof_decl:
            message.oneof_decl.add(name="value")
        field.oneof_index = 0
