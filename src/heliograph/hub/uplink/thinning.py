"""Less of what devices send: windows, dead bands, fields that are left out. Pure, without clock or network.

Windows stand at multiples of their length. All of one length are closed together, when the clock is some
seconds past their end; a point that comes after that is sent as it is. So one time says which windows are
closed, and what is read again after a start makes the same ones.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from heliograph.codec.lineprotocol import format_point
from heliograph.codec.lineprotocol.parser import parse
from heliograph.errors import LineProtocolError
from heliograph.hub.uplink.thin_rules import ThinRule
from heliograph.model.point import FieldType, FieldValue, Point, SeriesKey, UInt
from heliograph.model.table import Table
from heliograph.model.time import SECOND_NS

GRACE_NS: Final = 5 * SECOND_NS
"""How much later than its window's end a point may come and still be in it."""
_REMEMBERED: Final = 100_000


class Outgoing(NamedTuple):
    """What is to be sent."""

    topic: str
    payload: bytes


class _Where(NamedTuple):
    topic: str
    measurement: str
    series: SeriesKey
    field: str


@dataclass(slots=True)
class _Figures:
    """What is known of one field in one window."""

    rule: ThinRule
    count: int = 0
    sum: float = 0.0
    min: float = float("inf")
    max: float = float("-inf")
    last: float = 0.0
    last_ns: int = -(2**63)

    def add(self, value: float, time_ns: int) -> None:
        self.count += 1
        self.sum += value
        self.min, self.max = min(self.min, value), max(self.max, value)
        if time_ns >= self.last_ns:
            self.last, self.last_ns = value, time_ns

    def sent(self, name: str) -> dict[str, FieldValue]:
        """Return the fields to be sent: with one function under the field's own name."""
        values: dict[str, FieldValue] = {
            "mean": self.sum / self.count,
            "min": self.min,
            "max": self.max,
            "last": self.last,
            "count": self.count,
        }
        send = self.rule.send
        return {name if len(send) == 1 else f"{name}_{each}": values[each] for each in send}


@dataclass(slots=True)
class _Window:
    first_seq: int
    """The first message of which something is in it."""
    figures: dict[_Where, _Figures] = field(default_factory=dict)


class Thinner:
    """Takes messages in the order of their stream.

    Args:
        rules: the first that is about a field holds for it.
        closed: by the length of windows, up to which time they are closed already.
    """

    def __init__(self, rules: Sequence[ThinRule], closed: Mapping[int, int] | None = None) -> None:
        self._rules = rules
        self.closed: dict[int, int] = dict(closed or {})
        """By the length of windows (ns): up to which time (ns) they are closed."""
        self._windows: dict[tuple[int, int], _Window] = {}
        """By length and begin."""
        self._rule_of: dict[tuple[str, str], ThinRule | None] = {}
        self.clock_ns = 0
        """The time at which the message came that is taken, or now."""
        self._sent: OrderedDict[_Where, tuple[float, int]] = OrderedDict()
        """What was sent last, and its time."""

    @property
    def open_seq(self) -> int | None:
        """The first message of which something is in a window that is open; None when none is."""
        return min((window.first_seq for window in self._windows.values()), default=None)

    def take(self, topic: str, payload: bytes, seq: int, *, again: bool = False) -> list[Outgoing]:
        """Return what is to be sent for a message now.

        With ``again`` that was sent before a restart: it is looked at for the open windows alone.
        """
        if not self._rules:
            return [] if again else [Outgoing(topic, payload)]
        parsed = parse(payload, time_ns=0, types=_any_type, max_errors=1)
        if parsed.errors:  # the hub says what is wrong with it
            return [] if again else [Outgoing(topic, payload)]
        lines = list(parsed.marks)  # they go on even alone: the hub counts by them
        is_whole = True
        for table in parsed.batch.values():
            for point in _points(table):
                rest = self._rest(topic, point, seq, again=again)
                is_whole &= len(rest) == len(point.fields)
                if rest:
                    lines += _line(Point(point.measurement, rest, point.tags, point.time_ns))
        if again or not lines:
            return []
        return [Outgoing(topic, payload if is_whole else b"\n".join([*lines, b""]))]

    def close(self) -> list[Outgoing]:
        """Return what is to be sent of the windows that are over by ``clock_ns``."""
        for length in {rule.window_ns for rule in self._rules if rule.window_ns}:
            until = (self.clock_ns - GRACE_NS) // length * length
            # what came before the first message is not here: its window would not be whole
            first = self.clock_ns // length * length
            self.closed[length] = max(self.closed.get(length, first), until)
        over = [key for key in self._windows if key[0] + key[1] <= self.closed.get(key[0], 0)]
        points: dict[tuple[str, str, SeriesKey, int], dict[str, FieldValue]] = {}
        for length, begin in sorted(over, key=lambda key: key[1]):
            for where, figures in self._windows.pop((length, begin)).figures.items():
                fields = points.setdefault((where.topic, where.measurement, where.series, begin), {})
                fields.update(figures.sent(where.field))
        by_topic: dict[str, list[bytes]] = {}
        for (topic, measurement, series, begin), fields in points.items():
            by_topic.setdefault(topic, []).extend(_line(Point(measurement, fields, dict(series), begin)))
        return [Outgoing(topic, b"\n".join([*lines, b""])) for topic, lines in by_topic.items()]

    def _rest(self, topic: str, point: Point, seq: int, *, again: bool) -> dict[str, FieldValue]:
        """Return the fields of a point that are sent as they are, now."""
        series = tuple(sorted(point.tags.items()))
        rest: dict[str, FieldValue] = {}
        for name, value in point.fields.items():
            rule = self._rule(point.measurement, name)
            is_number = not isinstance(value, (str, bool))
            if rule is None or (not rule.drop and not is_number):
                rest[name] = value
            elif not rule.drop and not isinstance(value, str):
                where = _Where(topic, point.measurement, series, name)
                time_ns = point.time_ns or 0
                if rule.window_ns:
                    is_late = not self._into_window(rule, where, float(value), time_ns, seq)
                    if is_late:
                        rest[name] = value
                elif self._is_news(rule, where, float(value), time_ns) or again:
                    rest[name] = value
        return rest

    def _rule(self, measurement: str, name: str) -> ThinRule | None:
        key = measurement, name
        if key not in self._rule_of:
            if len(self._rule_of) >= _REMEMBERED:
                self._rule_of.clear()
            self._rule_of[key] = next((r for r in self._rules if r.takes(measurement, name)), None)
        return self._rule_of[key]

    def _into_window(self, rule: ThinRule, where: _Where, value: float, time_ns: int, seq: int) -> bool:
        begin = time_ns // rule.window_ns * rule.window_ns
        is_closed = begin + rule.window_ns <= self.closed.get(rule.window_ns, -(2**63))
        if is_closed or begin > self.clock_ns + rule.window_ns:  # of the future: it would stay open for long
            return False
        window = self._windows.setdefault((rule.window_ns, begin), _Window(seq))
        window.figures.setdefault(where, _Figures(rule)).add(value, time_ns)
        return True

    def _is_news(self, rule: ThinRule, where: _Where, value: float, time_ns: int) -> bool:
        last = self._sent.get(where)
        if last is not None and rule.dead_band is not None and abs(value - last[0]) <= rule.dead_band:
            is_due = rule.at_least_ns and time_ns - last[1] >= rule.at_least_ns
            if not is_due:
                return False
        self._sent[where] = value, time_ns
        self._sent.move_to_end(where)
        if len(self._sent) > _REMEMBERED:
            self._sent.popitem(last=False)
        return True


def _points(table: Table) -> Iterator[Point]:
    for row, time_ns in enumerate(table.times_ns):
        fields: dict[str, FieldValue] = {}
        for name, column in table.columns.items():
            if row < len(column.valid) and column.valid[row]:
                value = column.values[row]
                if column.type is FieldType.BOOLEAN:
                    value = bool(value)
                elif column.type is FieldType.UNSIGNED:
                    value = UInt(value)
                fields[name] = value
        yield Point(table.measurement, fields, dict(table.series[table.codes[row]]), time_ns)


def _line(point: Point) -> list[bytes]:
    try:
        return [format_point(point).encode()]
    except LineProtocolError:  # such as a sum that became infinite
        return []


def _any_type(_measurement: str, _field: str) -> None:
    """Return that nobody knows the type of a field yet."""
