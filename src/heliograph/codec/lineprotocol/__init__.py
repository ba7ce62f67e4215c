"""InfluxDB line protocol: `parse` gives tables, `format_point` gives a line."""

from heliograph.codec.lineprotocol.format import format_point
from heliograph.codec.lineprotocol.parsed import FieldTypes, LineError, Parsed
from heliograph.codec.lineprotocol.python import parse

__all__ = ["FieldTypes", "LineError", "Parsed", "format_point", "parse"]
