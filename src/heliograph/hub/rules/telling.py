"""When somebody is to be told about an alert: once per change, not while it is silenced or acknowledged."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from heliograph.errors import ConfigError
from heliograph.rules.alerts import Alert, State
from heliograph.rules.rule import Group, Rule
from heliograph.rules.weekly import parse_weekly
from heliograph.store.alerts import KeptAlert

FIRING: Final = "firing"
RESOLVED: Final = "resolved"


@dataclass(slots=True)
class Told:
    """What was told of one alert so far."""

    state: str = ""
    """FIRING once somebody was told so, else empty."""
    at_ms: int = 0
    acknowledged: str = ""


def tags_of(rule: Rule, group: Group) -> dict[str, str]:
    """Return a group as tags."""
    return dict(zip(rule.by, group, strict=True))


def is_silenced(silences: Iterable[Mapping[str, Any]], rule: Rule, group: Group, now_ms: int) -> bool:
    """Return whether a silence covers an alert now; patterns have ``*`` and ``?``."""
    tags = tags_of(rule, group)
    return any(
        holds(one, now_ms)
        and fnmatch.fnmatchcase(rule.name, one["rule"])
        and all(fnmatch.fnmatchcase(tags.get(tag, ""), text) for tag, text in one["tags"].items())
        for one in silences
    )


def holds(silence: Mapping[str, Any], now_ms: int) -> bool:
    """Return whether a silence holds now, whatever it is about."""
    if not silence["start_ms"] <= now_ms < silence["end_ms"]:
        return False
    if not silence["every"]:
        return True
    try:
        return parse_weekly(silence["every"], silence["zone"]).covers(now_ms)
    except ConfigError:  # the folder came to a machine that does not know the zone: better tell than not
        return False


def to_tell(
    rule: Rule,
    alerts: Mapping[Group, Alert],
    told: dict[Group, Told],
    silences: Iterable[Mapping[str, Any]],
    now_ms: int,
) -> list[tuple[Alert, str]]:
    """Return the alerts that are to be told now, as what; it looks at how things are, not at how they came.

    So nothing is told twice, nothing is forgotten over a crash, and an alert that comes and goes between
    two looks makes no noise.
    """
    told_ms = max((one.at_ms for one in told.values()), default=0)
    if rule.group_ns and now_ms - told_ms < rule.group_ns // 1_000_000:
        return []
    silences = list(silences)
    found = []
    for group, alert in alerts.items():
        before = told.get(group) or Told()
        if alert.state is State.FIRING:
            again_ms = before.at_ms + rule.repeat_ns // 1_000_000
            is_new = before.state != FIRING or (rule.repeat_ns > 0 and now_ms >= again_ms)
            if is_new and not before.acknowledged and not is_silenced(silences, rule, group, now_ms):
                found.append((alert, FIRING))
        elif before.state == FIRING and alert.state is State.OK:
            found.append((alert, RESOLVED))
    return found


def notification(rule: Rule, some: list[tuple[Alert, str]], key: str, hub: str) -> dict[str, Any]:
    """Return what an action gets: the alerts of one rule that changed."""
    return {
        "key": key,
        "hub": hub,
        "rule": rule.name,
        "severity": rule.severity.value,
        "alerts": [
            {
                "state": state,
                "tags": tags_of(rule, alert.group),
                "value": alert.value,
                "text": rule.text(alert.group, alert.value),
                "time_ms": alert.since_ns // 1_000_000,
            }
            for alert, state in some
        ],
    }


def kept_alert(alert: Alert, told: Told | None) -> KeptAlert:
    """Return an alert as the catalogue keeps it."""
    told = told or Told()
    return KeptAlert(alert.as_json(), told.state, told.at_ms, told.acknowledged)
