"""What the values of a form of text are for, found out of one such text that was answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias, TypeVar

from heliograph.query.influxql.answer.aggregates import argument
from heliograph.query.influxql.answer.prepare import Prepared
from heliograph.query.influxql.answer.relations import Stored
from heliograph.query.influxql.answer.session import Session
from heliograph.query.influxql.durations import UNITS_NS
from heliograph.query.influxql.memory.learned import Learned, Meant, Unlike, Written
from heliograph.query.influxql.memory.meaning import EXACT, listed
from heliograph.query.influxql.plan.columns import Schema
from heliograph.query.influxql.tree import (
    Binary,
    Call,
    Duration,
    Expression,
    Integer,
    Logic,
    Number,
    Paren,
    Ref,
    Regex,
    Select,
    Text,
    Wildcard,
    Window,
)
from heliograph.query.plan import Aggregate, Comparison
from heliograph.store.relation import Snapshot

_AGGREGATES: Final = {one.value for one in Aggregate}
_COMPARISONS: Final = {one.value for one in Comparison}
_STARTS: Final = {">=": 0, ">": 1}
_ENDS: Final = {"<=": 1, "<": 0}
"""What is added for the first ns of a range, and for the one after its last."""
_LETTERS: Final = "".join({*"".join(UNITS_NS)})
_T = TypeVar("_T")
_Places: TypeAlias = dict[int, int]
"""By identity of a leaf, the place of its value in the text."""
_Ns: TypeAlias = Callable[[Written], int]
_Texts: TypeAlias = Callable[[Written], tuple[str, ...]]


def learn(session: Session, prepared: Prepared, example: Select, leaves: Sequence[Any]) -> Learned | None:
    """Return what the texts of a form ask for; None of those that are for others to answer.

    ``example`` is what ``prepared`` was made of, and ``leaves`` are its values.
    """
    if not _is_plain(prepared) or not isinstance(prepared.sources[0], Stored):
        return None
    stored = prepared.sources[0]
    calls = [entry.expression for entry in prepared.fields if isinstance(entry.expression, Call)]
    fields = _fields(prepared, stored, calls)
    if not fields:
        return None
    try:
        meant = _meant(example.condition, stored.schema, {id(leaf): at for at, leaf in enumerate(leaves)})
    except Unlike:
        return None
    if not meant.starts or not meant.ends:
        return None
    known = replace(stored, snapshot=Snapshot(stored.snapshot.measurement, (), ()))  # points need not stay
    return Learned(
        places=session.places,
        stored=known,
        fields=fields,
        columns=[prepared.time_name, *prepared.names],
        aggregate=Aggregate(calls[0].name),
        interval=prepared.interval,
        filled=prepared.interval is not None and prepared.fill == "null",
        dimensions=tuple(sorted(prepared.dimensions)),
        meant=meant,
    )


def _is_plain(prepared: Prepared) -> bool:
    select = prepared.select
    named = len(select.sources) == 1 and getattr(select.sources[0], "regex", "") is None
    fixed = all(
        isinstance(node, Ref | Wildcard)
        or (isinstance(node, Call) and all(isinstance(arg, Duration) for arg in node.args))
        for node in select.dimensions
    )
    return (
        named
        and fixed
        and len(prepared.sources) == 1
        and prepared.ascending
        and prepared.fill in ("none", "null")
        and select.window == Window()
        and not (select.zone or select.target)
    )


def _fields(prepared: Prepared, stored: Stored, calls: Sequence[Call]) -> list[str]:
    """Return the field of each column, nothing where one is no function that the kernel can answer alone."""
    names = {call.name for call in calls}
    if len(calls) < len(prepared.fields) or len(names) != 1 or not names <= _AGGREGATES:
        return []
    if any(len(call.args) != 1 or not isinstance(call.args[0], Ref) for call in calls):
        return []
    (name,) = names
    if name == "count" and prepared.fill == "null" and prepared.interval is not None:
        return []  # they are filled with zeros
    if prepared.interval is None and name in ("first", "last", "min", "max") and len(set(calls)) == 1:
        return []  # it has the time of its own point
    if name in ("first", "last") and not stored.schema.tags <= set(prepared.dimensions):
        return []  # several series have a point at one time
    refs = [argument(call) for call in calls]
    kinds = {stored.schema.type_of(ref) for ref in refs}
    if any(ref.cast for ref in refs) or not kinds <= {"float", "integer"}:
        return []
    return [ref.name for ref in refs]


def _meant(node: Expression | None, schema: Schema, places: _Places) -> Meant:
    """Return what the values of a condition are for.

    Raises:
        Unlike: it is for others to answer.
    """
    starts: list[_Ns] = []
    ends: list[_Ns] = []
    where: dict[str, _Texts] = {}
    conditions = []
    for term in _terms(node):
        tag = _tag(term, schema)
        if tag in where:
            raise Unlike
        if tag is not None:
            where[tag] = _values(term, places)
        elif not isinstance(term, Binary) or not isinstance(term.left, Ref):
            raise Unlike
        elif term.left.name.lower() != "time":
            conditions.append(_compared(term, term.left, schema, places))
        elif term.operator in _STARTS:
            starts.append(_time(term.right, _STARTS[term.operator], places))
        elif term.operator in _ENDS:
            ends.append(_time(term.right, _ENDS[term.operator], places))
        else:
            raise Unlike
    return Meant(starts, ends, where, conditions)


def _terms(node: Expression | None) -> Iterator[Expression]:
    """Yield what stands between ANDs."""
    if isinstance(node, Paren):
        yield from _terms(node.inner)
    elif isinstance(node, Logic) and node.operator == "AND":
        for term in node.terms:
            yield from _terms(term)
    elif node is not None:
        yield node


def _tag(term: Expression, schema: Schema) -> str | None:
    """Return the tag of a comparison, or that of all alternatives; None if it is none."""
    if isinstance(term, Paren):
        return _tag(term.inner, schema)
    if isinstance(term, Logic):
        tags = {_tag(one, schema) for one in term.terms}
        return tags.pop() if len(tags) == 1 and term.operator == "OR" else None
    if not isinstance(term, Binary) or not isinstance(term.left, Ref) or term.left.name.lower() == "time":
        return None
    return term.left.name if schema.type_of(term.left) == "tag" else None


def _values(term: Expression, places: _Places) -> _Texts:
    """Return what gives the values of which a tag must have one."""
    if isinstance(term, Paren):
        return _values(term.inner, places)
    if isinstance(term, Logic):
        some = [_values(one, places) for one in term.terms]
        return lambda written: tuple(dict.fromkeys(value for one in some for value in one(written)))
    assert isinstance(term, Binary)  # noqa: S101 -- it has a tag
    node, at = term.right, places.get(id(term.right))
    if isinstance(node, Text) and term.operator == "=":
        return _constant((node.value,)) if at is None else lambda written: (written[at][1:-1],)
    if isinstance(node, Regex) and term.operator == "=~" and at is not None:
        return lambda written: _listed(written[at][1:-1])
    raise Unlike


def _listed(pattern: str) -> tuple[str, ...]:
    values = listed(pattern)
    if values is None:
        raise Unlike
    return values


def _time(node: Expression, more: int, places: _Places) -> _Ns:
    """Return what gives the time, in ns, that a bound is compared with, and ``more`` than that."""
    at = places.get(id(node))
    if isinstance(node, Integer):
        return _constant(node.value + more) if at is None else lambda written: int(written[at]) + more
    if not isinstance(node, Duration):
        raise Unlike
    if at is None:
        return _constant(node.value_ns + more)
    return lambda written: _ns(written[at]) + more


def _ns(written: str) -> int:
    number = written.rstrip(_LETTERS)
    return int(number) * UNITS_NS[written[len(number) :]]


def _compared(
    term: Binary, field: Ref, schema: Schema, places: _Places
) -> tuple[str, Comparison, Callable[[Written], float]]:
    """Return what the value of a field must be."""
    node, at = term.right, places.get(id(term.right))
    if schema.type_of(field) not in ("float", "integer") or field.cast:
        raise Unlike
    if not isinstance(node, Integer | Number) or term.operator not in _COMPARISONS:
        raise Unlike
    if at is None and abs(node.value) > EXACT:
        raise Unlike
    number = _constant(float(node.value)) if at is None else lambda written: _exact(written[at])
    return field.name, Comparison(term.operator), number


def _exact(written: str) -> float:
    if int(written) > EXACT:
        raise Unlike
    return float(written)


def _constant(value: _T) -> Callable[[Written], _T]:
    return lambda _: value
