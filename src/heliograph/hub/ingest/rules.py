"""The ingest rules of a running hub: kept in the catalogue with the time from which each holds.

A message is read by the rule that held when it came, and by what was known then. So reading a stream back
after a crash gives the same points, whatever became of the rules meanwhile.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from heliograph.codec.ingest.convert import convert, lines_of
from heliograph.codec.ingest.facts import Facts, MemoryFacts
from heliograph.codec.ingest.homeassistant import KIND as HOMEASSISTANT
from heliograph.codec.ingest.message import Incoming
from heliograph.codec.ingest.rule import NATIVE, Rule, make_rule
from heliograph.codec.ingest.shipped import SHIPPED
from heliograph.errors import ConfigError, DecodeError, NotFound, NotPossible
from heliograph.hub.ingest.changes import Changes
from heliograph.hub.ingest.facts import StoredFacts
from heliograph.model.point import Point
from heliograph.store.database import Database

log = logging.getLogger(__name__)

ADDED: Final = "added"
CONFIG: Final = "config"
BUILT_IN: Final = "shipped"
_ORDER: Final = {ADDED: 0, CONFIG: 1, BUILT_IN: 2}
_MAX_RULES: Final = 500


@dataclass(slots=True)
class Kept:
    """A rule with the time for which it holds, and what it did since the hub's start."""

    id: int
    rule: Rule
    origin: str
    since_ns: int
    until_ns: int | None
    messages: int = 0
    points: int = 0
    bad: int = 0
    last_error: str = ""

    @property
    def ledger_name(self) -> str:
        """What the ledger and refused messages call it; no device can be called so."""
        return f"rule/{self.rule.name}"

    def held(self, time_ns: int) -> bool:
        """Return whether it held at a time."""
        return self.since_ns <= time_ns and (self.until_ns is None or time_ns < self.until_ns)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a rule made of a message."""

    rule: Kept
    lines: bytes
    """Line protocol, every line with its time in ns."""
    points: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that is not what its rule says."""

    rule: Kept
    reason: str


class IngestRules:
    """All rules. Its methods may be called from any thread."""

    def __init__(
        self, database: Database, configured: Iterable[Rule] = (), *, clock: Callable[[], int] = time.time_ns
    ) -> None:
        self._clock = clock
        self._database = database
        self._lock = threading.RLock()
        self.changes = Changes()
        self.facts = StoredFacts(database, self.changes)
        rows = database.rows("SELECT id, origin, rule, since_ns, until_ns FROM ingest_rule ORDER BY id")
        self._kept = [Kept(i, make_rule(json.loads(r)), o, since, until) for i, o, r, since, until in rows]
        self._settle(BUILT_IN, SHIPPED)
        self._settle(CONFIG, tuple(configured))

    def _settle(self, origin: str, wanted: tuple[Rule, ...]) -> None:
        """Let the rules of an origin be these, from now on; those that somebody removed stay away."""
        now_ns = self._clock()
        seen = {kept.rule.name: kept.rule for kept in self._kept if kept.origin == origin}
        for kept in [each for each in self._kept if each.origin == origin and each.until_ns is None]:
            if kept.rule not in wanted:
                self._end(kept, now_ns)
        running = {kept.rule.name for kept in self.current if kept.origin == origin}
        for rule in wanted:
            is_removed = origin == BUILT_IN and seen.get(rule.name) == rule
            if rule.name not in running and not is_removed:
                self._begin(rule, origin, now_ns)

    @property
    def current(self) -> list[Kept]:
        """The rules that hold now, in the order in which they are tried."""
        with self._lock:
            running = [kept for kept in self._kept if kept.until_ns is None]
        return sorted(running, key=lambda kept: (_ORDER[kept.origin], kept.id))

    @property
    def topic_filters(self) -> list[str]:
        """The filters by which a broker is to be asked for messages, announced topics with them."""
        filters = [kept.rule.topic_filter for kept in self.current]
        if any(kept.rule.parser == "homeassistant" for kept in self.current):
            filters += self.facts.keys_of(HOMEASSISTANT)
        return list(dict.fromkeys(filters))

    def warnings(self) -> list[str]:
        """Return what somebody should know: messages that were not what their rule says."""
        found = [
            f"{kept.bad:,} messages were not what the ingest rule {kept.rule.name} expects;"
            f" the last: {kept.last_error}"
            for kept in self.current
            if kept.bad
        ]
        if self.facts.refused:
            found.append(f"{self.facts.refused:,} announcements were not learned: there are too many")
        return found

    def add(self, asked: dict[str, Any]) -> Kept:
        """Let a rule hold from now on; one that was shipped and removed needs its name only.

        Raises:
            ConfigError: it is no rule.
            NotPossible: there is one of that name.
        """
        shipped = next((rule for rule in SHIPPED if asked.get("name") == rule.name), None)
        is_shipped = shipped is not None and set(asked) == {"name"}
        rule = shipped if shipped is not None and is_shipped else make_rule(asked)
        with self._lock:
            if any(kept.rule.name == rule.name for kept in self.current):
                raise NotPossible(f'there is an ingest rule "{rule.name}" already; remove it first')
            if len(self.current) >= _MAX_RULES:
                raise ConfigError(f"there are {_MAX_RULES} ingest rules already; remove some", key="name")
            return self._begin(rule, BUILT_IN if is_shipped else ADDED, self._clock())

    def remove(self, name: str) -> Kept:
        """Let a rule hold no longer.

        Raises:
            NotFound: there is none of that name.
            ConfigError: it stands in a configuration file, where it would come from again.
        """
        with self._lock:
            for kept in self.current:
                if kept.rule.name == name:
                    if kept.origin == CONFIG:
                        reason = "stands in a configuration file: take it out there, and start the hub again"
                        raise ConfigError(f"the ingest rule {name!r} {reason}", key=name)
                    self._end(kept, self._clock())
                    return kept
        raise NotFound("ingest rule", name)

    def take(
        self, topic: str, payload: bytes, time_ns: int, *, retained: bool = False
    ) -> Taken | Refused | None:
        """Return what the first rule that held at a time makes of a message; None where no rule takes it."""
        kept = self._rule_for(topic, time_ns)
        if kept is None:
            return None
        kept.messages += 1
        try:
            points = convert(Incoming(kept.rule, topic, payload, time_ns, self.facts, retained))
            lines = lines_of(points)
        except DecodeError as error:
            kept.bad += 1
            kept.last_error = str(error)[:300]
            return Refused(kept, str(error))
        kept.points += len(points)
        return Taken(kept, lines, len(points))

    def lines(self, topic: str, payload: bytes, time_ns: int) -> tuple[str, bytes] | None:
        """Return a rule's name, and the lines that it makes of a message, as `take` does, uncounted."""
        kept = self._rule_for(topic, time_ns)
        if kept is None:
            return None
        try:
            points = convert(Incoming(kept.rule, topic, payload, time_ns, self.facts, retained=False))
            return (kept.rule.name, lines_of(points)) if points else None
        except DecodeError:
            return None

    def _rule_for(self, topic: str, time_ns: int) -> Kept | None:
        if topic.startswith((NATIVE, "$")):
            return None
        with self._lock:
            held = [kept for kept in self._kept if kept.held(time_ns)]
        held.sort(key=lambda kept: (_ORDER[kept.origin], kept.id))
        found = next((kept for kept in held if kept.rule.takes(topic)), None)
        if found is None and self.facts.get(HOMEASSISTANT, topic, time_ns):
            found = next((kept for kept in held if kept.rule.parser == "homeassistant"), None)
        return found

    def rule_of(self, topic: str) -> tuple[Rule, str] | None:
        """Return the rule that takes a topic now, and where it is from; None where none does."""
        kept = self._rule_for(topic, self._clock())
        return None if kept is None else (kept.rule, kept.origin)

    def trial(self) -> Facts:
        """Return what is known, to be learned onto without an effect."""
        return _Trial(self.facts)

    def try_out(
        self, topic: str, payload: bytes, asked: dict[str, Any] | None
    ) -> tuple[Rule | None, list[Point]]:
        """Return the rule that takes a message and its points; nothing is stored, learned or counted.

        Args:
            topic: where the message comes.
            payload: what it is.
            asked: a rule to be tried; None takes those that hold.

        Raises:
            ConfigError: it is no rule.
            DecodeError: the payload is not what the rule says.
        """
        now_ns = self._clock()
        facts = _Trial(self.facts)
        if asked is not None:
            rule = make_rule({"name": "trial"} | asked)
            if not rule.takes(topic):
                return None, []
        else:
            kept = self._rule_for(topic, now_ns)
            if kept is None:
                return None, []
            rule = kept.rule
        points = convert(Incoming(rule, topic, payload, now_ns, facts))
        lines_of(points)
        return rule, points

    def _begin(self, rule: Rule, origin: str, now_ns: int) -> Kept:
        with self._lock, self._database.transaction() as sql:
            text = json.dumps(rule.as_json(), ensure_ascii=False)
            number = sql.execute(
                "INSERT INTO ingest_rule (origin, rule, since_ns) VALUES (?, ?, ?)", (origin, text, now_ns)
            ).lastrowid
            kept = Kept(number or 0, rule, origin, now_ns, None)
            self._kept.append(kept)
        self.changes.note()
        log.info("An ingest rule holds from now on, name=%s topic=%s", rule.name, rule.topic)
        return kept

    def _end(self, kept: Kept, now_ns: int) -> None:
        with self._lock, self._database.transaction() as sql:
            sql.execute("UPDATE ingest_rule SET until_ns = ? WHERE id = ?", (now_ns, kept.id))
            kept.until_ns = now_ns
        self.changes.note()


class _Trial(MemoryFacts):
    """What a trial learns, on top of what is known."""

    def __init__(self, known: StoredFacts) -> None:
        super().__init__()
        self._stored = known

    def get(self, kind: str, key: str, time_ns: int) -> Any:
        learned = super().get(kind, key, time_ns)
        return self._stored.get(kind, key, time_ns) if learned is None else learned
