"""Texts that differ in values alone, read once: a dashboard changes times and names, and asks the same.

A text is cut at the values behind its comparisons; what is left is its form. When a form comes again it is
found out which values of the tree those are, by reading the text with others in their place. From then on
trees are made of the values, and nothing else is read. A form whose values mean anything else than that, as
within a comment or a quoted name, is read each time.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from operator import eq
from typing import Any, Final, TypeAlias

from heliograph.errors import QuerySyntaxError
from heliograph.query.influxql.durations import duration_ns
from heliograph.query.influxql.tree import Duration, Integer, Regex, Statement, Text

Statements: TypeAlias = tuple[Statement, ...]
Form: TypeAlias = tuple[str, ...]
"""A text without its values: in every second place stands of what kind one is."""
Read: TypeAlias = Callable[[str], Statements]
_Values: TypeAlias = Sequence[Any]
_Maker: TypeAlias = Callable[[_Values], Any]

_VALUE: Final = re.compile(
    r"((?:(?<=[=<>])|(?<=[=<>] ))"
    r"(?:[0-9]{1,18}(?:ns|ms|[uµsmhdw])?(?![\w.µ\"])|'[^'\\\n\r\0]*')"
    r"|(?:(?<=~)|(?<=~ ))/(?:[^/\\\n\r\0]|\\[^/\\\n\r\0])+/)"
)
"""Numbers, durations and texts behind a comparison, and regular expressions; nothing that is escaped."""
_KEPT: Final = 256
_MOST_VALUES: Final = 64
_MAX_NS: Final = 2**63 - 1
_LEAVES: Final = (Integer, Duration, Text, Regex)


class Forms:
    """The forms that came last. For several threads: at worst one is learned twice."""

    def __init__(self) -> None:
        self._makers: OrderedDict[Form, _Maker | None] = OrderedDict()
        """None of those that are read each time."""
        self._seen: OrderedDict[Form, bool] = OrderedDict()
        """Those that came once."""
        self._last: tuple[str, Form, list[str]] = ("", (), [])
        """The text that was cut last: it is asked about more than once."""

    def cut(self, text: str) -> tuple[Form, list[str]]:
        """Return the form of a text, and its values as they stand there."""
        last, form, written = self._last
        if last is not text:
            parts = _VALUE.split(text)
            written = parts[1::2]
            parts[1::2] = map(_kind, written)
            form = tuple(parts)
            self._last = text, form, written
        return form, written

    def example(self, text: str) -> tuple[Statements, list[Any]] | None:
        """Return the statements of a text, and those of their leaves that are its values; None if unknown.

        It is for finding out where in the statements the values are: leaves are told by their identity.
        """
        form, written = self.cut(text)
        make = self._makers.get(form)
        if make is None:
            return None
        values = [_leaf(one) for one in written]
        return make(values), values

    def read(self, text: str, read: Read, fault_of: Callable[[str], str | None] | None) -> Statements:
        """Return the statements of a text, from ``read`` where its form is not known.

        Raises:
            QuerySyntaxError: the text is no InfluxQL.
        """
        form, written = self.cut(text)
        if not 0 < len(written) <= _MOST_VALUES:
            return read(text)
        if form not in self._makers and self._is_new(form):
            return read(text)
        if form not in self._makers:
            _keep(self._makers, form, _learned(text, written, read))
        make = self._makers.get(form)
        values = [_leaf(one) for one in written] if make is not None else []
        if make is None or not all(_is_sound(value, fault_of) for value in values):
            return read(text)
        made: Statements = make(values)
        return made

    def _is_new(self, form: Form) -> bool:
        if self._seen.pop(form, False):
            return False
        _keep(self._seen, form, value=True)
        return True


def _keep(entries: OrderedDict[Form, Any], form: Form, value: Any) -> None:
    entries[form] = value
    while len(entries) > _KEPT:
        entries.popitem(last=False)


def _kind(written: str) -> str:
    """Return what stands for a value in its form: where a text stood no number means the same."""
    return written[0] if written[0] in "'/" else written.lstrip("0123456789") or "0"


def _leaf(written: str) -> Any:
    if written[0] == "'":
        return Text(written[1:-1])
    if written[0] == "/":
        return Regex(written[1:-1])
    return Integer(int(written)) if written.isdecimal() else Duration(duration_ns(written) or _MAX_NS)


def _is_sound(value: Any, fault_of: Callable[[str], str | None] | None) -> bool:
    """Whether a value is no error: that is told with its place, which only reading knows."""
    if isinstance(value, Duration):
        return value.value_ns < _MAX_NS
    return not isinstance(value, Regex) or fault_of is None or fault_of(value.pattern) is None


def _learned(text: str, written: Sequence[str], read: Read) -> _Maker | None:
    """Return what makes statements of values in the places of those of a text; None if it cannot be told."""
    others = [_other(one, number) for number, one in enumerate(written)]
    if any(map(eq, map(_leaf, others), map(_leaf, written))):
        return None  # it would not be told from an equal value that stands elsewhere in the text
    parts = _VALUE.split(text)
    parts[1::2] = others
    try:
        probed = read("".join(parts))
    except QuerySyntaxError:
        return None
    places = {leaf: number for number, leaf in enumerate(map(_leaf, others))}
    make = _maker(probed, places)
    if make is None or places or make([_leaf(one) for one in written]) != read(text):
        return None
    return make


def _other(written: str, number: int) -> str:
    """Return another value of the same kind, which stands nowhere else."""
    if written[0] in "'/":
        return f"{written[0]}another value {number}{written[0]}"
    return f"{9_001 + number}{written.lstrip('0123456789')}"


def _maker(node: Any, places: dict[Any, int]) -> _Maker | None:
    """Return what makes a node of values, None if it has none; the places that were found are taken out."""
    if isinstance(node, tuple):
        return _tuple_maker(node, places)
    if isinstance(node, _LEAVES):
        number = places.pop(node, None)
        return None if number is None else lambda values: values[number]
    if not is_dataclass(node):
        return None
    kind: Any = type(node)
    inner = [getattr(node, one.name) for one in fields(node)]
    make = _tuple_maker(tuple(inner), places)
    return None if make is None else lambda values: kind(*make(values))


def _tuple_maker(nodes: tuple[Any, ...], places: dict[Any, int]) -> _Maker | None:
    makers = [_maker(node, places) for node in nodes]
    if not any(makers):
        return None
    pairs = list(zip(makers, nodes, strict=True))
    return lambda values: tuple([node if make is None else make(values) for make, node in pairs])
