"""One rule at work: evaluated interval by interval, its alerts on disk together with what is to be told."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import time
from typing import Any, Final

from heliograph.hub.rules.book import Entry
from heliograph.hub.rules.ending import CHANGED, Ending, ending, ending_of_kept
from heliograph.hub.rules.telling import FIRING, Told, is_silenced, kept_alert, notification, tags_of, to_tell
from heliograph.hub.rules.values import RuleValues
from heliograph.model.time import SECOND_NS
from heliograph.rules.alerts import Alert, Change, State
from heliograph.rules.evaluator import Evaluator
from heliograph.rules.rule import Absence, Group
from heliograph.store.alerts import AlertTable, Kept, KeptAlert

log = logging.getLogger(__name__)

CATCH_UP_NS: Final = 6 * 3_600 * SECOND_NS
_MAX_CATCH_UP: Final = 5_000
_SAVE_NS: Final = 60 * SECOND_NS


class RunningRule:
    """A rule with its evaluator. What it does to the catalogue is one transaction per change."""

    def __init__(self, entry: Entry, table: AlertTable, values: RuleValues, *, since_ns: int) -> None:
        self.entry = entry
        self.rule = entry.rule
        self.trouble = ""
        self._table, self._values = table, values
        self._since_ns = since_ns
        self._evaluator = Evaluator(entry.rule)
        self._told: dict[Group, Told] = {}
        self._saved_ns = 0
        self._saved_series = 0
        self._evaluated_ns: int | None = None
        self._primed = False
        self._restore()

    @property
    def alerts(self) -> dict[Group, Alert]:
        """Its alerts, those that are all right, too."""
        return self._evaluator.alerts

    @property
    def evaluated_ns(self) -> int | None:
        """Up to when it was evaluated; None: not yet."""
        return self._evaluated_ns

    def _restore(self) -> None:
        known = self._table.progress(self.rule.name)
        if known is None:
            return
        digest, evaluated_ns = known
        if digest != self.entry.digest:
            found = ending_of_kept(self.rule, self._table.alerts(self.rule.name), CHANGED, time.time_ns())
            self._table.forget(self.rule.name, found)
            return
        self._evaluated_ns = self._saved_ns = evaluated_ns
        kept = self._table.alerts(self.rule.name)
        self._evaluator.restore(Alert.from_json(one.alert) for one in kept.values())
        for text, one in kept.items():
            self._told[tuple(json.loads(text))] = Told(one.told, one.told_ms, one.acknowledged)

    async def evaluate(self, now_ns: int) -> list[Change]:
        """Judge the intervals that are over, and return what changed; it is on disk then."""
        every_ns = self.rule.every_ns
        due_ns = (now_ns - self.rule.wait_ns) // every_ns * every_ns
        if self._evaluated_ns is not None and self._evaluated_ns >= due_ns:
            return []
        start_ns = await self._begin(due_ns)
        told: set[str] = set()
        changes: list[Change] = []
        async for intervals in self._values.intervals(self.rule, start_ns, due_ns, told):
            changes += await asyncio.to_thread(self._judge, intervals)
        self.trouble = "; ".join(sorted(told))[:500]
        self._evaluated_ns = due_ns
        # a series that is new must be known after a crash, too: its absence may be what matters
        is_new = len(self.alerts) != self._saved_series
        if changes or is_new or due_ns - self._saved_ns >= _SAVE_NS:
            await asyncio.to_thread(self._save, changes)
        return changes

    def _judge(self, intervals: list[Any]) -> list[Change]:
        try:
            return [change for one in intervals for change in self._evaluator.step(one)]
        except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
            # the function of a rule in Python: the others must go on
            self.trouble = f"the rule's function ended with {type(error).__name__}: {error}"
            log.warning("A rule's function failed", extra={"rule": self.rule.name, "reason": str(error)})
            return []

    async def _begin(self, due_ns: int) -> int:
        """Return where to go on; what the detectors must know from before is read first."""
        every_ns = self.rule.every_ns
        oldest_ns = due_ns - min(CATCH_UP_NS // every_ns, _MAX_CATCH_UP) * every_ns
        start_ns = due_ns - every_ns if self._evaluated_ns is None else max(self._evaluated_ns, oldest_ns)
        is_absence = isinstance(self.rule.condition, Absence)
        first_ns = start_ns
        if is_absence and start_ns < self._since_ns:
            # while the hub was away nobody could be heard: that is not the devices' silence
            start_ns = min(due_ns, -(-self._since_ns // every_ns) * every_ns)
        is_begin, self._primed = not self._primed, True
        if is_begin:
            first_ns = start_ns - -(-self.rule.lookback_ns // every_ns) * every_ns
        async for intervals in self._values.intervals(self.rule, first_ns, start_ns):
            await asyncio.to_thread(self._evaluator.prime, intervals)
        if is_begin and is_absence:
            for group, detector in self._evaluator.detectors.items():
                if self.alerts[group].state is not State.FIRING:
                    detector.last_ns = max(detector.last_ns or 0, self._since_ns)
        return start_ns

    def tell(self, silences: list[dict[str, Any]], now_ms: int, hub: str) -> bool:
        """Put what is to be told into the outbox, once, and return whether there was anything."""
        some = to_tell(self.rule, self.alerts, self._told, silences, now_ms)
        if not some:
            return False
        key = secrets.token_hex(8)
        note = notification(self.rule, some, key, hub)
        told = [(f"{key}-{n}", one, note, now_ms) for n, one in enumerate(self.rule.actions)]
        before = dict(self._told)
        for alert, state in some:
            self._told[alert.group] = Told(FIRING if state == FIRING else "", now_ms)
        try:
            self._save((), told)
        except BaseException:
            self._told = before
            raise
        return True

    def ending(self, reason: str, now_ns: int) -> Ending:
        """Return what is to be kept and told when the rule ends while its alerts fire."""
        told = {group for group, one in self._told.items() if one.state == FIRING}
        return ending(self.rule, self.alerts.values(), told, reason, now_ns)

    def acknowledge(self, group: Group | None, who: str, note: str, now_ms: int) -> int:
        """Say that somebody looks after alerts that fire; returns how many those are. None takes all."""
        some = [
            one.group
            for one in self.alerts.values()
            if one.state is State.FIRING and group in (None, one.group)
        ]
        for each in some:
            before = self._told.get(each) or Told()
            text = json.dumps({"by": who, "note": note, "time_ms": now_ms})
            self._told[each] = Told(before.state, before.at_ms, text)
        if some:
            self._save(())
        return len(some)

    def _save(
        self,
        changes: list[Change] | tuple[()],
        told: list[tuple[str, Any, dict[str, Any], int]] | tuple[()] = (),
    ) -> None:
        rule = self.rule
        for change in changes:
            if change.state is State.OK and change.group in self._told:
                self._told[change.group].acknowledged = ""
        rows = [
            (
                rule.name, rule.bucket, rule.severity.value,
                json.dumps(tags_of(rule, one.group)), one.time_ns,
                "firing" if one.state is State.FIRING else "resolved", one.value, one.text, one.reason,
            )
            for one in changes
        ]  # fmt: skip
        evaluated_ns = self._evaluated_ns or 0
        self._told = {group: one for group, one in self._told.items() if group in self.alerts}
        kept = {json.dumps(group): self._kept(group) for group in self.alerts}
        self._table.keep(Kept(rule.name, self.entry.digest, evaluated_ns, kept, rows, told))
        self._saved_ns, self._saved_series = evaluated_ns, len(kept)

    def _kept(self, group: Group) -> KeptAlert:
        return kept_alert(self.alerts[group], self._told.get(group))

    def report(self, silences: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the rule with its alerts, as JSON."""
        now_ms = time.time_ns() // 1_000_000
        shown = []
        for group, alert in list(self.alerts.items()):
            if alert.state is State.OK:
                continue
            told = self._told.get(group) or Told()
            shown.append(
                {
                    "tags": tags_of(self.rule, group),
                    "state": alert.state.value,
                    "since_ms": alert.since_ns // 1_000_000,
                    "value": alert.value,
                    "text": self.rule.text(group, alert.value),
                    "acknowledged": json.loads(told.acknowledged) if told.acknowledged else None,
                    "silenced": is_silenced(silences, self.rule, group, now_ms),
                }
            )
        states = {one["state"] for one in shown}
        return {
            "name": self.rule.name,
            "rule": jsonable(self.entry),
            "origin": self.entry.origin,
            "severity": self.rule.severity.value,
            "bucket": self.rule.bucket,
            "state": next((word for word in ("firing", "pending") if word in states), "ok"),
            "series": len(self.alerts),
            "refused": self._evaluator.refused,
            "alerts": shown,
            "evaluated_ms": None if self._evaluated_ns is None else self._evaluated_ns // 1_000_000,
            "trouble": self.trouble,
        }


def jsonable(entry: Entry) -> dict[str, Any]:
    """Return a rule as it was written."""
    written: dict[str, Any] = json.loads(json.dumps(dict(entry.rule.asked), default=str))
    return written | {"name": entry.rule.name}
