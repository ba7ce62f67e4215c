"""Variables put into the text of a query, in the ways of Grafana that dashboards use.

The page does this for what it shows; here it is for data that fits a dashboard, and for tests.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

_NAMED: Final = re.compile(
    r"\$\{(?P<curly>\w+)(?:\.\w+)?(?::(?P<form>\w+))?\}|\[\[(?P<square>\w+)(?::\w+)?\]\]|\$(?P<bare>\w+)"
)
_FLUX_TIMES: Final = re.compile(
    r"\bv\.(timeRangeStart|timeRangeStop|windowPeriod|bucket|defaultBucket|organization)\b"
)

_PATTERN_BEFORE: Final = re.compile(r"[=!]~\s*/[^/]*$")


@dataclass(frozen=True, slots=True)
class Range:
    """The time that a dashboard shows."""

    start_ms: int
    end_ms: int
    interval_ms: int = 60_000
    own_ms: int = 0
    """Of all this the newest part that the dashboard itself shows; 0 for all of it."""

    @property
    def interval(self) -> str:
        """The interval as a duration."""
        return f"{self.interval_ms}ms"


@dataclass(frozen=True, slots=True)
class Values:
    """What variables stand for."""

    range: Range
    bucket: str
    chosen: Mapping[str, str] = field(default_factory=dict)


def expand(text: str, language: str, values: Values) -> str:
    """Return a text with its variables and macros put in; unknown ones stay."""
    span = values.range
    if language == "flux":
        text = _FLUX_TIMES.sub(lambda match: _flux(match[1], values), text)
    builtin = {
        "timeFilter": f"time >= {span.start_ms}ms and time <= {span.end_ms}ms",
        "__timeFilter": f"time >= {span.start_ms}ms and time <= {span.end_ms}ms",
        "__interval": span.interval,
        "interval": span.interval,
        "__rate_interval": f"{4 * span.interval_ms}ms",
        "__interval_ms": str(span.interval_ms),
        "__from": str(span.start_ms),
        "__to": str(span.end_ms),
        "__range": f"{(span.end_ms - span.start_ms) // 1_000}s",
        "__range_s": str((span.end_ms - span.start_ms) // 1_000),
        "__range_ms": str(span.end_ms - span.start_ms),
    }

    def value(match: re.Match[str]) -> str:
        name = match["curly"] or match["square"] or match["bare"]
        found = values.chosen.get(name, builtin.get(name))
        if found is None:
            return match[0]
        if match["form"] == "regex":
            return re.escape(found).replace("/", r"\/")
        in_pattern = language == "influxql" and _PATTERN_BEFORE.search(text, 0, match.start()) is not None
        return found.replace("/", r"\/") if in_pattern else found

    return _NAMED.sub(value, text)


def _flux(name: str, values: Values) -> str:
    span = values.range
    return {
        "timeRangeStart": f"time(v: {span.start_ms * 1_000_000})",
        "timeRangeStop": f"time(v: {span.end_ms * 1_000_000})",
        "windowPeriod": span.interval,
        "organization": '"heliograph"',
    }.get(name, f'"{values.bucket}"')
