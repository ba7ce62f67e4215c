"""The rows that a SELECT looks at, as one SQL relation with names of ours.

Its columns are ``t``, the grouping tags ``g0``… ("" where a series has none) and the wanted columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from heliograph.model.time import DAY_NS
from heliograph.query.influxql.answer.conditions import Condition, names_in
from heliograph.query.influxql.answer.prepare import Prepared
from heliograph.query.influxql.answer.relations import Computed, Relation, Stored, Wanted
from heliograph.query.influxql.answer.session import Session
from heliograph.query.influxql.plan.columns import union
from heliograph.query.influxql.plan.shapes import UNKNOWN, TimeRange
from heliograph.query.influxql.tree import Ref

Relations = Mapping[str, Sequence[Relation]]
"""By the measurement's name."""


@dataclass(frozen=True, slots=True)
class Group:
    """What belongs to one measurement's name, and how it is grouped and bounded."""

    session: Session
    prepared: Prepared
    name: str
    relations: Sequence[Relation]
    dimensions: tuple[str, ...]
    span: TimeRange
    outermost: tuple[str, ...]
    """The tags that the outermost query is grouped by, which are fewer in some of its subqueries."""

    @property
    def keys(self) -> list[str]:
        """The columns of the grouping tags."""
        return [f"g{number}" for number in range(len(self.dimensions))]

    @property
    def merges(self) -> bool:
        """Whether rows of equal time may come together: several series in one group."""
        tags = {tag for one in self.relations for tag in one.schema.tags}
        return (
            len(self.relations) > 1
            or not tags <= set(self.dimensions)
            or isinstance(self.relations[0], Computed)
        )

    @property
    def times(self) -> tuple[int, int]:
        """The range of times within which its rows are, both ends included."""
        parts = [one.times for one in self.relations if one.times is not None]
        start_ns, end_ns = self.span.start_ns, self.span.end_ns
        if not parts:
            return start_ns, end_ns
        return max(start_ns, min(low for low, _ in parts)), min(end_ns, max(high for _, high in parts))

    @property
    def shard_ns(self) -> int:
        """The length of the shards of its points."""
        return max((one.shard_ns for one in self.relations if isinstance(one, Stored)), default=7 * DAY_NS)

    def type_of(self, ref: Ref) -> str:
        """Return the type of a column."""
        return self.prepared.schema.type_of(ref)

    def argument_type(self, ref: Ref) -> str:
        """Return the type of a function's column: the tags of a subquery are texts to it."""
        kind = self.type_of(ref)
        return "string" if kind == "tag" and self.known(ref) else kind

    def known(self, ref: Ref) -> bool:
        """Return whether a function has points there: of a field, or of a tag that a subquery gives."""
        kinds = {(one.schema.type_of(ref), isinstance(one, Computed)) for one in self.relations}
        return any(kind != UNKNOWN and (kind != "tag" or inner) for kind, inner in kinds)

    def shows(self, ref: Ref) -> bool:
        """Return whether a row is shown if it has a value there: tags alone show none but a subquery's."""
        kind = self.type_of(ref)
        if kind == UNKNOWN or (
            kind == "tag" and not any(isinstance(one, Computed) for one in self.relations)
        ):
            return False
        return any(one.schema.type_of(ref) != UNKNOWN for one in self.relations)

    def scan(
        self, columns: Sequence[tuple[str, Ref]], *, present: Sequence[str] = ()
    ) -> tuple[str, list[Any]]:
        """Return SQL and parameters of the rows with some columns; of ``present`` one must have a value."""
        wanted = [Wanted(alias, ref, self.type_of(ref)) for alias, ref in columns]
        groups = [Wanted(f"g{number}", Ref(tag, "tag"), "tag") for number, tag in enumerate(self.dimensions)]
        inner = any(isinstance(one, Computed) for one in self.relations)
        schema = union(one.schema for one in self.relations) if inner else self.prepared.schema
        asked = {
            ref: (f"q{number}", schema.type_of(ref)) for number, ref in enumerate(self._condition_names())
        }
        tests = [Wanted(alias, ref, kind) for ref, (alias, kind) in asked.items()]
        parts = []
        for one in self.relations:
            rows = one.sql([*groups, *wanted, *tests], self.span, self.session.cursor)
            if present and isinstance(one, Stored):
                rows = f"SELECT * FROM ({rows}) WHERE {' OR '.join(f'{p} IS NOT NULL' for p in present)}"
            parts.append(rows)
        condition = Condition(asked, self.session.check_regex, inner=inner)
        where = ""
        if self.prepared.condition is not None:
            where = f" WHERE {condition.sql(self.prepared.condition)}"
        keys = [f"coalesce({key}, '') AS {key}" for key in self.keys]
        items = ", ".join([*keys, "t", *(alias for alias, _ in columns), *(["n"] if inner else [])])
        return f"SELECT {items} FROM ({' UNION ALL '.join(parts)}){where}", condition.parameters

    def _condition_names(self) -> list[Ref]:
        return list(dict.fromkeys(names_in(self.prepared.condition)))
