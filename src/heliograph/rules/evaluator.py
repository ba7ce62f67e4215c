"""Evaluates one rule, interval by interval, for all its groups: the same live and on what is stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from heliograph.rules.alerts import Alert, Change, State
from heliograph.rules.detector import Detector
from heliograph.rules.rule import Absence, Group, Rule

MAX_GROUPS: Final = 1_000
"""So many series a rule looks at; what comes beyond is counted."""
FORGET_NS: Final = 30 * 86_400 * 1_000_000_000
"""A series that was silent for so long is forgotten."""
Values: TypeAlias = Mapping[Group, Mapping[str, float]]
"""Of one interval: the value of each source, by group."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The values of one interval, which ends at ``time_ns``."""

    time_ns: int
    values: Values


@dataclass(slots=True)
class Evaluator:
    """A rule with the memory of its series."""

    rule: Rule
    alerts: dict[Group, Alert] = field(default_factory=dict)
    detectors: dict[Group, Detector] = field(default_factory=dict)
    refused: int = 0
    """How many values were left out because there are too many groups."""

    def restore(self, alerts: Iterable[Alert]) -> None:
        """Begin with the alerts that were kept."""
        for alert in alerts:
            self.alerts[alert.group] = alert
            detector = Detector(self.rule)
            detector.last_ns = alert.seen_ns or None
            self.detectors[alert.group] = detector

    def prime(self, intervals: Iterable[Interval]) -> None:
        """Take in what was before the first interval that is judged: no alert changes."""
        for interval in intervals:
            for group, detector, value in self._fed(interval):
                alert = self.alerts[group]
                detector.feed(interval.time_ns, value, held=alert.state is not State.OK)

    def step(self, interval: Interval) -> list[Change]:
        """Judge one interval and return what changed. Intervals come by time, each once."""
        changes = []
        for group, detector, value in self._fed(interval):
            alert = self.alerts[group]
            verdict = detector.feed(interval.time_ns, value, held=alert.state is not State.OK)
            change = alert.judge(self.rule, interval.time_ns, verdict)
            if change is not None:
                changes.append(change)
        self._forget(interval.time_ns)
        return changes

    def _fed(self, interval: Interval) -> Iterator[tuple[Group, Detector, float | None]]:
        """Give each group that is known or comes now, with its value."""
        for group in interval.values:
            if group not in self.alerts:
                if len(self.alerts) >= MAX_GROUPS:
                    self.refused += 1
                    continue
                self.alerts[group] = Alert(group)
                self.detectors[group] = Detector(self.rule)
        for group, detector in self.detectors.items():
            given = interval.values.get(group)
            value = None if given is None else self.rule.combined(given)
            if value is not None:
                self.alerts[group].seen_ns = interval.time_ns
            yield group, detector, value

    def _forget(self, time_ns: int) -> None:
        """Let go of series that are long gone, so that those that come are looked at."""
        gone = [
            group
            for group, alert in self.alerts.items()
            if time_ns - max(alert.seen_ns, alert.since_ns) > FORGET_NS and self._may_go(alert)
        ]
        for group in gone:
            del self.alerts[group], self.detectors[group]

    def _may_go(self, alert: Alert) -> bool:
        return alert.state is State.OK or isinstance(self.rule.condition, Absence)


def replay(rule: Rule, intervals: Iterable[Interval]) -> list[Change]:
    """Return what a rule would have told of these intervals."""
    evaluator = Evaluator(rule)
    return [change for interval in intervals for change in evaluator.step(interval)]
