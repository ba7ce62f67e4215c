"""The rules of a running hub: evaluated when their intervals are over, and what the API may do to them."""

from __future__ import annotations

import asyncio
import logging
import platform
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

from heliograph.config.tree import RuleSettings
from heliograph.errors import Error, NotFound, QueryError
from heliograph.hub.rules.actions import Actions
from heliograph.hub.rules.book import Entry, RuleBook
from heliograph.hub.rules.delivery import Deliveries
from heliograph.hub.rules.ending import CHANGED, NOTHING, REMOVED
from heliograph.hub.rules.running import RunningRule
from heliograph.hub.rules.telling import holds
from heliograph.hub.rules.trial import Trial
from heliograph.hub.rules.values import RuleValues
from heliograph.query.engine import QueryEngine
from heliograph.rules.reading import make_rule
from heliograph.rules.weekly import parse_weekly
from heliograph.store.alerts import FOREVER_MS, AlertTable
from heliograph.store.database import Database
from heliograph.transport.mqtt_client_message import Publication

log = logging.getLogger(__name__)

_TICK: Final = 0.5
_MAX_HISTORY: Final = 2_000


class HubRules:
    """All rules of a hub.

    Raises:
        ConfigError: a file of the folder is wrong.
    """

    def __init__(
        self,
        database: Database,
        engine: QueryEngine,
        settings: RuleSettings,
        folder: Path,
        publish: Callable[[Publication], Awaitable[None]],
        *,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._table = AlertTable(database)
        self._book = RuleBook(self._table, Path(settings.folder) if settings.folder else folder)
        self._values = RuleValues(engine)
        self._now_ns = now_ns
        self._since_ns = now_ns()
        self._deliveries = Deliveries(self._table, Actions(self._book, settings, publish))
        self._running: dict[str, RunningRule] = {}
        self._failing: set[str] = set()
        self._turn = asyncio.Lock()
        for entry in self._book.entries():
            self._book.check(entry.rule)
            self._start(entry)  # whoever asks before the first look finds all of them, and what fires

    async def follow(self) -> None:
        """Evaluate and deliver, until cancelled."""
        await asyncio.to_thread(self._forget_gone)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._deliveries.follow(), name="deliveries")
            while True:
                await self.tick()
                await asyncio.sleep(_TICK)

    def _forget_gone(self) -> None:
        """End the alerts of rules that were taken out of their files: nobody knows any more whom to tell."""
        here = {entry.rule.name for entry in self._book.entries()}
        for name in set(self._table.evaluated()) - here:
            firing = [one for one in self._table.alerts(name).values() if one.alert["state"] == "firing"]
            if firing:
                log.warning("A rule that fired is gone from its file, its alerts end", extra={"rule": name})
            self._table.forget(name, NOTHING)

    async def tick(self) -> None:
        """Evaluate what is due now, and put what is to be told into the outbox."""
        async with self._turn:
            entries = self._book.entries()
            wanted = {entry.rule.name: entry for entry in entries}
            for name in [name for name, one in self._running.items() if wanted.get(name) != one.entry]:
                found = self._running[name].ending(CHANGED, self._now_ns())
                await asyncio.to_thread(self._table.forget, name, found)
                del self._running[name]
            silences = self._silences()
            for entry in entries:
                await self._tick_one(entry, silences)

    async def _tick_one(self, entry: Entry, silences: list[dict[str, Any]]) -> None:
        name = entry.rule.name
        try:
            running = self._running.get(name)
            if running is None:
                running = await asyncio.to_thread(self._start, entry)
            await running.evaluate(self._now_ns())
            if await asyncio.to_thread(running.tell, silences, self._now_ms(), platform.node()):
                self._deliveries.filled.set()
        except Error as error:
            if name in self._running:
                self._running[name].trouble = str(error)
            if name not in self._failing:
                log.warning("A rule cannot be evaluated: %s", error, extra={"rule": name})
            self._failing.add(name)
        else:
            self._failing.discard(name)

    def _start(self, entry: Entry) -> RunningRule:
        running = RunningRule(entry, self._table, self._values, since_ns=self._since_ns)
        self._running[entry.rule.name] = running
        return running

    def _silences(self) -> list[dict[str, Any]]:
        now_ms = self._now_ms()
        return [one for one in self._table.silences() if one["end_ms"] > now_ms]

    def _now_ms(self) -> int:
        return self._now_ns() // 1_000_000

    def report(self) -> dict[str, Any]:
        """Return all rules with their alerts, the silences, and how the deliveries go."""
        silences = self._silences()
        return {
            "rules": [one.report(silences) for _, one in sorted(self._running.items())],
            "silences": [_shown(one, self._now_ms()) for one in silences],
            "actions": self._book.actions,
            "deliveries": self._table.deliveries(),
        }

    def alerts(self, start_ms: int, end_ms: int) -> dict[str, Any]:
        """Return what fires now, and what changed in a time, the newest first."""
        if end_ms <= start_ms:
            raise QueryError("the range is empty: its end must be after its start")
        shown = self.report()["rules"]
        now = [
            one | {"rule": rule["name"], "severity": rule["severity"], "bucket": rule["bucket"]}
            for rule in shown
            for one in rule["alerts"]
        ]
        history = self._table.history(start_ms * 1_000_000, end_ms * 1_000_000, _MAX_HISTORY)
        return {"alerts": now, "history": history}

    def warnings(self) -> list[str]:
        """Return what somebody should know: rules without values, notifications that nobody got."""
        deliveries = self._table.deliveries()
        found = [f"the rule {name}: {one.trouble}" for name, one in self._running.items() if one.trouble]
        if deliveries["failed"] or deliveries["last_error"]:
            reason = deliveries["last_error"]
            counts = f"{deliveries['failed']:,} failed, {deliveries['waiting']:,} wait"
            found.append(f"notifications of rules do not arrive ({counts}): {reason}")
        return found

    async def add(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Add a rule, or put it in place of the one of its name."""
        entry = await asyncio.to_thread(self._book.put, asked)
        await self.tick()
        return self._running[entry.rule.name].report(self._silences())

    async def remove(self, name: str) -> dict[str, Any]:
        """Remove a rule; its alerts end, who was told of them is told so, and their history stays."""
        async with self._turn:
            running = self._running.get(name)
            left = NOTHING if running is None else running.ending(REMOVED, self._now_ns())
            entry = await asyncio.to_thread(self._book.remove, name, left)
            self._running.pop(name, None)
            self._deliveries.filled.set()
        return {"name": entry.rule.name}

    async def test(self, asked: Mapping[str, Any] | str, start_ms: int, end_ms: int) -> dict[str, Any]:
        """Return what a rule, or the one of a name, would have told of a time, and what it looked at."""
        rule = self._book.find(asked).rule if isinstance(asked, str) else make_rule(asked)
        return await Trial(self._values).run(rule, start_ms * 1_000_000, end_ms * 1_000_000)

    async def silence(
        self,
        rule: str,
        tags: Mapping[str, str],
        seconds: float | None,
        note: str,
        *,
        start_ms: int = 0,
        every: str = "",
        zone: str = "",
    ) -> dict[str, Any]:
        """Tell nobody about some alerts for a while, or at times of the week; what fires after it is told."""
        now_ms = self._now_ms()
        start_ms = max(start_ms, now_ms)
        end_ms = FOREVER_MS if seconds is None else min(start_ms + round(seconds * 1_000), FOREVER_MS)
        made = {"rule": rule, "tags": dict(tags), "start_ms": start_ms, "end_ms": end_ms, "note": note}
        made["every"] = str(parse_weekly(every, zone)) if every else ""
        made["zone"] = zone if every else ""
        made["id"] = await asyncio.to_thread(self._table.add_silence, made, now_ms)
        return _shown(made, now_ms)

    async def end_silence(self, number: int) -> dict[str, Any]:
        """End a silence before its time."""
        if not await asyncio.to_thread(self._table.end_silence, number):
            raise NotFound("silence", str(number))
        return {"id": number}

    async def acknowledge(
        self, name: str, tags: Mapping[str, str] | None, who: str, note: str
    ) -> dict[str, Any]:
        """Say that somebody looks after the alerts of a rule, or of one of its series."""
        async with self._turn:
            running = self._running.get(name)
            if running is None:
                raise NotFound("rule", name)
            group = None if tags is None else tuple(tags.get(tag, "") for tag in running.rule.by)
            count = await asyncio.to_thread(running.acknowledge, group, who, note, self._now_ms())
        return {"name": name, "acknowledged": count}


def _shown(silence: Mapping[str, Any], now_ms: int) -> dict[str, Any]:
    """Return a silence as people see it: whether it holds now, and no end where it has none."""
    end_ms = None if silence["end_ms"] >= FOREVER_MS else silence["end_ms"]
    return dict(silence) | {"end_ms": end_ms, "holds": holds(silence, now_ms)}
