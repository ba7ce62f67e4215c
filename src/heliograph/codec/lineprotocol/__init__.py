"""InfluxDB line protocol: `format_point` gives a line; `parser.parse`, imported apart, gives tables."""

from heliograph.codec.lineprotocol.format import format_point, format_table
from heliograph.codec.lineprotocol.parsed import NO_LIMITS, FieldTypes, LineError, LineLimits, Parsed

__all__ = ["NO_LIMITS", "FieldTypes", "LineError", "LineLimits", "Parsed", "format_point", "format_table"]
