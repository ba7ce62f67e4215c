"""What the catalogue knows of a database: its measurements with tags, fields and series."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from heliograph.errors import QueryError
from heliograph.model.point import FieldType, SeriesKey
from heliograph.query.influxql.answer.conditions import names_in
from heliograph.query.influxql.answer.session import Session
from heliograph.query.influxql.plan.shapes import TimeRange
from heliograph.query.influxql.tree import (
    Binary,
    Boolean,
    Expression,
    Integer,
    KeyFilter,
    Logic,
    Measurement,
    Number,
    Paren,
    Ref,
    Regex,
    Source,
    Text,
)


@dataclass(slots=True)
class Known:
    """One measurement's name in all of the buckets that were asked for."""

    name: str
    columns: list[dict[str, tuple[str, FieldType]]] = field(default_factory=list)
    """In each bucket its fields, with physical name and type."""
    series: dict[SeriesKey, int] = field(default_factory=dict)
    """With the time of the latest point."""

    @property
    def fields(self) -> set[tuple[str, str]]:
        """Name and type of its fields."""
        return {(name, kind.value) for some in self.columns for name, (_, kind) in some.items()}

    @property
    def tags(self) -> set[tuple[str, str]]:
        """Each tag with each of its values once; they are far fewer than its series have."""
        return set(chain.from_iterable(self.series))

    @property
    def tag_keys(self) -> list[str]:
        """The tags of its series, by name."""
        return sorted({tag for key in self.series for tag, _ in key})


def known_measurements(session: Session, buckets: Sequence[str], sources: Sequence[Source]) -> list[Known]:
    """Return the measurements of some buckets, those of ``sources`` if there are any, by name."""
    with session.store.reading() as catalogue:
        every = {name for bucket in buckets for name in catalogue.measurements.get(bucket, ())}
    names = _chosen(session, sorted(every), sources)
    found: dict[str, Known] = {}
    with session.store.reading() as catalogue:
        for bucket in buckets:
            measurements = catalogue.measurements.get(bucket, {})
            for name in names:
                series = catalogue.series.get((bucket, name))
                if series and name in measurements:
                    known = found.setdefault(name, Known(name))
                    known.columns.append(dict(measurements[name].fields))
                    known.series |= series
    return [found[name] for name in names if name in found]


def _chosen(session: Session, names: list[str], sources: Sequence[Source]) -> list[str]:
    """Return those of some names that the sources let through; without sources all."""
    if not sources:
        return names
    named = {source.name for source in sources if isinstance(source, Measurement)}
    for source in sources:
        if isinstance(source, Measurement) and source.regex is not None:
            named |= set(session.matches(source.regex, names))
    return [name for name in names if name in named]


def matching(
    session: Session,
    known: Known,
    condition: Expression | None,
    span: TimeRange,
    fields: frozenset[str] = frozenset(),
) -> dict[SeriesKey, int]:
    """Return the series of a measurement that may match a condition and have points late enough.

    What the condition says of ``fields`` cannot be told from the catalogue: every series may match it.
    """
    series = known.series
    if span.min_ns is not None:
        series = {key: last for key, last in series.items() if last >= span.start_ns}
    if condition is None:
        return dict(series)
    chosen = _Filter(session, list(series), fields).keys(condition)
    return {key: last for key, last in series.items() if key in chosen}


class _Filter:
    def __init__(self, session: Session, keys: Sequence[SeriesKey], fields: frozenset[str]) -> None:
        self._session = session
        self._fields = fields
        self._keys = [(key, dict(key)) for key in keys]

    def keys(self, node: Expression) -> set[SeriesKey]:
        """Return the series that match."""
        if isinstance(node, Paren):
            return self.keys(node.inner)
        if isinstance(node, Logic):
            parts = [self.keys(term) for term in node.terms]
            return set.intersection(*parts) if node.operator == "AND" else set.union(*parts)
        if isinstance(node, Boolean):
            return self._where(lambda _: node.value)
        if isinstance(node, Binary):
            return self._compared(node)
        raise QueryError("invalid tag comparison operator")

    def _where(self, test: Callable[[Mapping[str, str]], bool]) -> set[SeriesKey]:
        self._session.check_time()
        return {key for key, tags in self._keys if test(tags)}

    def _compared(self, node: Binary) -> set[SeriesKey]:
        if any(ref.name in self._fields and ref.cast != "tag" for ref in names_in(node)):
            return self._where(lambda _: True)
        left, right = node.left, node.right
        if isinstance(left, Binary) or isinstance(right, Binary):
            return self._where(lambda _: True)
        if isinstance(right, Ref) and not isinstance(left, Ref):
            left, right = right, left
        if isinstance(left, Ref) and isinstance(right, Number | Integer | Boolean):
            return self._where(lambda _: True)  # a field's value: every series may have it
        if not isinstance(left, Ref):
            raise QueryError("invalid tag comparison operator")
        if node.operator not in ("=", "!=", "=~", "!~"):
            return set()  # texts have no order
        name, equal = left.name, node.operator in ("=", "=~")
        if isinstance(right, Regex):
            values = sorted({tags.get(name, "") for _, tags in self._keys})
            matched = set(self._session.matches(right.pattern, values))
            return self._where(lambda tags: (tags.get(name, "") in matched) == equal)
        if isinstance(right, Text):
            wanted = right.value
            return self._where(lambda tags: (tags.get(name, "") == wanted) == equal)
        if isinstance(right, Ref):
            other = right.name
            return self._where(lambda tags: (bool(tags.get(name)) and tags[name] == tags.get(other)) == equal)
        raise QueryError("invalid tag comparison operator")


def measurements_matching(session: Session, known: list[Known], condition: Expression) -> list[Known]:
    """Return the measurements that match a condition on tags.

    As in InfluxDB one that has a tag matches ``!=`` and ``!~`` if no value of it is, or matches, that.
    """
    if isinstance(condition, Paren):
        return measurements_matching(session, known, condition.inner)
    if isinstance(condition, Logic):
        parts = [measurements_matching(session, known, term) for term in condition.terms]
        every = condition.operator == "AND"
        return [one for one in known if (all if every else any)(one in part for part in parts)]
    if not isinstance(condition, Binary) or not isinstance(condition.left, Ref):
        raise QueryError("invalid tag comparison operator")
    name, wanted, found = condition.left.name, condition.right, []
    for one in known:
        values = sorted({value for key in one.series for tag, value in key if tag == name})
        if isinstance(wanted, Regex):
            matched = bool(session.matches(wanted.pattern, values))
        else:
            matched = isinstance(wanted, Text) and wanted.value in values
        if values and matched == (condition.operator in ("=", "=~")):
            found.append(one)
    return found


def chosen_names(session: Session, names: Sequence[str], wanted: KeyFilter | None) -> list[str]:
    """Return those of some names that ``WITH KEY`` or ``WITH MEASUREMENT`` lets through."""
    if wanted is None:
        return list(names)
    if wanted.operator in ("=~", "!~"):
        matched = set(session.matches(wanted.names[0], names))
        return [name for name in names if (name in matched) == (wanted.operator == "=~")]
    return [name for name in names if (name in wanted.names) == (wanted.operator != "!=")]
