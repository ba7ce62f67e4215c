"""A rule: which series it looks at, what is wrong with them, and what is to be done then."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, TypeAlias

from heliograph.config.values import format_duration
from heliograph.model.time import SECOND_NS
from heliograph.rules.expression import Expression

VALUE: Final = "value"
"""What a rule's only series is called."""
Group: TypeAlias = tuple[str, ...]
"""The values of the tags by which a rule tells its alerts apart, in the order of ``Rule.by``."""
Function: TypeAlias = Callable[..., float | bool | None]


class Severity(Enum):
    """How bad it is."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Source:
    """A field of a measurement, made into one value per group and interval."""

    measurement: str
    field: str
    fn: str = "mean"
    where: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Threshold:
    """Beyond a limit; an alert stays until the value is back at ``clear``."""

    above: float | None = None
    below: float | None = None
    clear: float | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """The change per ``per_ns`` is beyond a limit."""

    limit: Threshold
    per_ns: int


@dataclass(frozen=True, slots=True)
class Deviation:
    """More than ``sigma`` robust standard deviations off the median of what was usual.

    Usual is the time ``over_ns`` before, or with ``season_ns`` that time of the day, week or other period
    in the periods of ``over_ns`` before. ``floor`` is the least that counts as one standard deviation.
    """

    sigma: float
    over_ns: int
    season_ns: int = 0
    floor: float = 0.0


@dataclass(frozen=True, slots=True)
class Absence:
    """Nothing came for ``after_ns`` from a group that sent something before."""

    after_ns: int


Condition: TypeAlias = Threshold | Rate | Deviation | Absence


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. It is evaluated for each interval of ``every_ns`` once that is over, aligned to 1970."""

    name: str
    bucket: str
    sources: Mapping[str, Source]
    condition: Condition
    every_ns: int
    by: tuple[str, ...] = ()
    expression: Expression | None = None
    function: Function | None = dataclasses.field(default=None, compare=False)
    for_ns: int = 0
    """How long the condition must hold until the alert fires."""
    recover_ns: int = 0
    """How long it must not hold until the alert is resolved."""
    wait_ns: int = 2_000_000_000
    """An interval is judged so long after its end: its last points may still be on their way."""
    stale_ns: int = 0
    """A series without values for so long has no alert any more."""
    severity: Severity = Severity.WARNING
    message: str = ""
    actions: tuple[str | Mapping[str, Any], ...] = ("log",)
    group_ns: int = 0
    """Two notifications of the rule lie so far apart at least; what happens between them comes in one."""
    repeat_ns: int = 0
    """What still fires, and nobody acknowledged, is told again after so long; 0: never."""
    asked: Mapping[str, Any] = dataclasses.field(default_factory=dict, compare=False)
    """The rule as it was written, for who shows or changes it."""

    @property
    def lookback_ns(self) -> int:
        """How far before an interval values are needed to judge it."""
        match self.condition:
            case Deviation(over_ns=over_ns):
                return over_ns + 3 * self.every_ns
            case Rate(per_ns=per_ns):
                return max(per_ns, 3 * self.every_ns)
            case Absence(after_ns=after_ns):
                return 2 * after_ns + self.every_ns
            case _:
                return 0

    def combined(self, values: Mapping[str, float]) -> float | None:
        """Return the number that the condition is about; None where a series lacks a value."""
        if self.function is not None:
            given = self.function(**{name: values.get(name) for name in self.sources})
            return None if given is None else float(given)
        if len(values) < len(self.sources):
            return None
        return self.expression(values) if self.expression else values[VALUE]

    def text(self, group: Group, value: float | None) -> str:
        """Return what is told about an alert: the rule's message with ``{value}`` and tags filled in."""
        words = dict(zip(self.by, group, strict=True)) | {"rule": self.name, "severity": self.severity.value}
        words["value"] = "no value" if value is None else f"{value:.6g}"
        if not self.message:
            where = " ".join(f"{tag}={name}" for tag, name in zip(self.by, group, strict=True))
            return " ".join(filter(None, (self.name, where, self._told(words["value"]))))
        text = self.message
        for name, word in words.items():
            text = text.replace("{" + name + "}", word)
        return text

    def _told(self, value: str) -> str:
        """Return a value with what it is, where it is none of the series."""
        match self.condition:
            case Deviation():
                return f"{value} standard deviations off"
            case Rate(per_ns=per_ns):
                return f"{value} per {format_duration(per_ns / SECOND_NS)}"
            case Absence():
                return f"last value {value}"
            case _:
                return value
