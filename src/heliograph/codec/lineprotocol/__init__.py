"""InfluxDB line protocol: `format_point` gives a line; `parser.parse`, imported apart, gives tables."""

from heliograph.codec.lineprotocol.format import format_point
from heliograph.codec.lineprotocol.parsed import FieldTypes, LineError, Parsed

__all__ = ["FieldTypes", "LineError", "Parsed", "format_point"]
