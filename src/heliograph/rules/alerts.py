"""The states of one alert: nothing, pending, firing; and what changes them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from heliograph.rules.detector import Verdict
from heliograph.rules.rule import Group, Rule


class State(Enum):
    """How an alert is."""

    OK = "ok"
    PENDING = "pending"
    FIRING = "firing"


@dataclass(frozen=True, slots=True)
class Change:
    """An alert began to fire, or was resolved."""

    rule: str
    group: Group
    time_ns: int
    state: State
    """FIRING, or OK for resolved."""
    value: float | None
    text: str
    reason: str = ""


@dataclass(slots=True)
class Alert:
    """One series of one rule, as it is kept over restarts."""

    group: Group
    state: State = State.OK
    since_ns: int = 0
    """Since when it is in this state; in OK and never otherwise, 0."""
    good_ns: int | None = None
    """Since when the condition does not hold any more, while it still fires."""
    seen_ns: int = 0
    """When the last value came."""
    value: float | None = None

    def judge(self, rule: Rule, time_ns: int, verdict: Verdict) -> Change | None:
        """Take a verdict of one interval in, and return the change that it makes."""
        if verdict.value is not None:
            self.value = verdict.value
        if verdict.holds is None:
            return self._without_value(rule, time_ns)
        self.good_ns = None if verdict.holds else (self.good_ns or time_ns)
        if verdict.holds:
            if self.state is State.OK:
                self.state, self.since_ns = State.PENDING, time_ns
            if self.state is State.PENDING and time_ns - self.since_ns >= rule.for_ns:
                return self._become(rule, State.FIRING, time_ns)
        elif self.state is State.PENDING:
            self.state, self.since_ns = State.OK, time_ns
        elif self.state is State.FIRING and time_ns - (self.good_ns or time_ns) >= rule.recover_ns:
            return self._become(rule, State.OK, time_ns)
        return None

    def _without_value(self, rule: Rule, time_ns: int) -> Change | None:
        if self.state is State.OK or time_ns - self.seen_ns < rule.stale_ns:
            return None
        if self.state is State.PENDING:
            self.state, self.since_ns = State.OK, time_ns
            return None
        return self._become(rule, State.OK, time_ns, "no values any more")

    def _become(self, rule: Rule, state: State, time_ns: int, reason: str = "") -> Change:
        self.state, self.since_ns, self.good_ns = state, time_ns, None
        text = rule.text(self.group, self.value)
        return Change(rule.name, self.group, time_ns, state, self.value, text, reason)

    def as_json(self) -> dict[str, Any]:
        """Return it as the catalogue keeps it."""
        return {
            "group": list(self.group),
            "state": self.state.value,
            "since_ns": self.since_ns,
            "good_ns": self.good_ns,
            "seen_ns": self.seen_ns,
            "value": self.value,
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Alert:
        """Return what :meth:`as_json` gave."""
        return cls(**kept | {"group": tuple(kept["group"]), "state": State(kept["state"])})
