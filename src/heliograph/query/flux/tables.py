"""Streams of tables: what Flux passes from function to function.

Times are kept as int ns and durations as Duration; a missing value is None. Every row of a table has the
same values in the columns of its group key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from heliograph.errors import QueryError
from heliograph.model.point import FieldType, UInt
from heliograph.query.flux.values import Time, Value, column_type

START: Final = "_start"
STOP: Final = "_stop"
TIME: Final = "_time"
VALUE: Final = "_value"
FIELD: Final = "_field"
MEASUREMENT: Final = "_measurement"
NUMERIC: Final = frozenset({"float", "int", "uint"})
COLUMN_TYPES: Final[Mapping[FieldType, str]] = {
    FieldType.FLOAT: "float",
    FieldType.INTEGER: "int",
    FieldType.UNSIGNED: "uint",
    FieldType.BOOLEAN: "bool",
    FieldType.STRING: "string",
}


@dataclass(frozen=True, slots=True)
class Column:
    """The values of one column, all of one type."""

    type: str
    values: list[Value]

    def at(self, rows: Iterable[int]) -> Column:
        """Return the values of some rows."""
        values = self.values
        return Column(self.type, [values[row] for row in rows])

    def shown(self) -> list[Value]:
        """Return the values as a function sees them."""
        if self.type not in ("time", "uint"):
            return self.values
        known = {value: shown(self.type, value) for value in set(self.values)}
        return [known[value] for value in self.values]


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of equal length, and the values that tell this table from others."""

    key: Mapping[str, Value]
    columns: dict[str, Column]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())).values) if self.columns else 0

    def at(self, rows: Sequence[int]) -> Table:
        """Return a table of some rows."""
        return Table(self.key, {name: column.at(rows) for name, column in self.columns.items()})

    def with_column(self, name: str, column: Column) -> Table:
        """Return the table with a column more, or another one; it is not in the group key."""
        key = {known: value for known, value in self.key.items() if known != name}
        return Table(key, self.columns | {name: column})

    def column(self, name: str, function: str) -> Column:
        """Return a column that a function needs.

        Raises:
            QueryError: there is none.
        """
        found = self.columns.get(name)
        if found is None:
            known = ", ".join(self.columns)
            raise QueryError(f'{function}: column "{name}" does not exist; the columns here are {known}')
        return found

    @property
    def key_columns(self) -> dict[str, Column]:
        """The columns of the group key."""
        return {name: self.columns[name] for name in self.key}

    def record(self, row: int) -> dict[str, Value]:
        """Return one row as a function sees it."""
        return {name: shown(column.type, column.values[row]) for name, column in self.columns.items()}

    def records(self) -> Iterator[dict[str, Value]]:
        """Yield all rows as a function sees them."""
        names = list(self.columns)
        for row in zip(*(column.shown() for column in self.columns.values()), strict=True):
            yield dict(zip(names, row, strict=True))


@dataclass(frozen=True, slots=True)
class Tables:
    """A stream of tables."""

    tables: list[Table]
    bounds: tuple[int, int] | None = None
    """The range in ns; the end is exclusive."""
    by_time: bool = False
    """Whether first and last mean the time and not the row: what was grouped right behind its filters."""
    fresh: bool = False
    """Whether these are rows of a source as they came, or some of them."""
    name: str | None = None
    """What yield() called it."""

    def each(self, change: Callable[[Table], Table | None]) -> Tables:
        """Return the stream with every table changed; None leaves one out."""
        found = [table for table in map(change, self.tables) if table is not None]
        return Tables(found, self.bounds)

    def __len__(self) -> int:
        return sum(map(len, self.tables))


@dataclass(slots=True)
class Grouping:
    """Puts rows of many tables together by new group keys, in the order in which they come."""

    _groups: dict[tuple[tuple[str, str, Value], ...], list[tuple[Table, list[int]]]] = field(
        default_factory=dict
    )
    _keys: dict[tuple[tuple[str, str, Value], ...], dict[str, Value]] = field(default_factory=dict)

    def add(self, table: Table, names: Sequence[str]) -> None:
        """Add all rows of a table, grouped by some of its columns."""
        names = [name for name in names if name in table.columns]
        columns = [table.columns[name] for name in names]
        kinds = [column.type for column in columns]
        if set(names) <= set(table.key):
            self._put(table, names, kinds, [table.key[name] for name in names], list(range(len(table))))
            return
        rows: dict[tuple[Value, ...], list[int]] = {}
        for row, values in enumerate(zip(*(column.values for column in columns), strict=True)):
            rows.setdefault(values, []).append(row)
        for values, some in rows.items():
            self._put(table, names, kinds, list(values), some)

    def _put(
        self, table: Table, names: Sequence[str], kinds: Sequence[str], values: list[Value], rows: list[int]
    ) -> None:
        group = tuple(sorted(zip(names, kinds, values, strict=True), key=lambda part: part[0]))
        self._groups.setdefault(group, []).append((table, rows))
        self._keys.setdefault(group, dict(zip(names, values, strict=True)))

    def tables(self, *, ordered: bool = False) -> list[Table]:
        """Return the new tables, in the order of their keys if wanted.

        Raises:
            QueryError: a column has two types in one of them.
        """
        groups = list(self._groups)
        if ordered:
            groups.sort(key=lambda group: [(n, k, v is not None, v) for n, k, v in group])
        return [_joined(self._keys[group], self._groups[group]) for group in groups]


def key_order(table: Table) -> tuple[tuple[str, str, bool, Value], ...]:
    """Return the group key as something that tells tables apart and puts them in order."""
    parts = sorted(table.key.items(), key=lambda part: part[0])
    return tuple((name, table.columns[name].type, value is not None, value) for name, value in parts)


def _joined(key: Mapping[str, Value], parts: Sequence[tuple[Table, list[int]]]) -> Table:
    if len(parts) == 1:
        table, rows = parts[0]
        return Table(key, (table if len(rows) == len(table) else table.at(rows)).columns)
    types: dict[str, str] = {}
    for table, _ in parts:
        for name, column in table.columns.items():
            if types.setdefault(name, column.type) != column.type:
                raise QueryError(
                    f'schema collision detected: column "{name}" is both of type'
                    f" {types[name]} and {column.type};"
                    " filter by one field, or convert with toFloat() before"
                )
    columns = {name: Column(kind, []) for name, kind in types.items()}
    for table, rows in parts:
        for name, column in columns.items():
            source = table.columns.get(name)
            column.values.extend([None] * len(rows) if source is None else source.at(rows).values)
    return Table(key, columns)


def shown(kind: str, value: Value) -> Value:
    """Return a column's value as a function sees it."""
    if value is None:
        return None
    if kind == "time":
        return Time(value)
    return UInt(value) if kind == "uint" else value


def kept(value: Value) -> Value:
    """Return a function's value as a column keeps it."""
    return value.ns if isinstance(value, Time) else value


def column_of(name: str, values: Sequence[Value], default: str = "string") -> Column:
    """Return a column of what functions gave.

    Raises:
        QueryError: the values have several types, or one that no column holds.
    """
    kinds = {column_type(value) for value in values if value is not None}
    if None in kinds:
        raise QueryError(f'the column "{name}" would hold a value that is no string, number, time or bool')
    if len(kinds) > 1:
        shown_kinds = " and ".join(sorted(str(kind) for kind in kinds))
        raise QueryError(f'the column "{name}" would be both of type {shown_kinds}')
    return Column(str(next(iter(kinds), default)), [kept(value) for value in values])
