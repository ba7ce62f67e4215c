"""A rule that is changed or removed while its alerts fire: they end, and who was told of them is told so."""

from __future__ import annotations

import json
import platform
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from heliograph.hub.rules.telling import FIRING, RESOLVED, notification
from heliograph.rules.alerts import Alert, State
from heliograph.rules.rule import Group, Rule
from heliograph.store.alerts import KeptAlert

CHANGED: Final = "the rule was changed"
REMOVED: Final = "the rule was removed"
_MS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Ending:
    """What goes into the history and the outbox, in the transaction that forgets the alerts."""

    changes: list[tuple[Any, ...]]
    told: list[tuple[str, Any, dict[str, Any], int]]


NOTHING: Final = Ending([], [])


def ending(rule: Rule, alerts: Iterable[Alert], told: Collection[Group], reason: str, now_ns: int) -> Ending:
    """Return it for a rule with its alerts; ``told`` are those of which somebody knows that they fire."""
    firing = [alert for alert in alerts if alert.state is State.FIRING and len(alert.group) == len(rule.by)]
    changes = [
        (
            rule.name, rule.bucket, rule.severity.value,
            json.dumps(dict(zip(rule.by, alert.group, strict=True))), now_ns, "resolved", alert.value,
            rule.text(alert.group, alert.value), reason,
        )
        for alert in firing
    ]  # fmt: skip
    known = [(alert, RESOLVED) for alert in firing if alert.group in told]
    if not known:
        return Ending(changes, [])
    key = secrets.token_hex(8)
    note = notification(rule, known, key, platform.node())
    for one in note["alerts"]:
        one |= {"text": f"{one['text']} ({reason})", "time_ms": now_ns // _MS}
    return Ending(changes, [(f"{key}-{n}", each, note, now_ns // _MS) for n, each in enumerate(rule.actions)])


def ending_of_kept(rule: Rule, kept: Mapping[str, KeptAlert], reason: str, now_ns: int) -> Ending:
    """Return it for alerts as the catalogue keeps them."""
    alerts = [Alert.from_json(one.alert) for one in kept.values()]
    told = {tuple(json.loads(group)) for group, one in kept.items() if one.told == FIRING}
    return ending(rule, alerts, told, reason, now_ns)
