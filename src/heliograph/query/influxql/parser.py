"""Text of InfluxQL to trees.

It is written by hand, as InfluxDB's own parser is: a grammar for a parser generator can neither tell a
regular expression from a division by what stands before it nor word the errors that InfluxDB's clients show.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from heliograph.errors import QuerySyntaxError
from heliograph.query.influxql.cursor import Cursor, FaultOf, Parameter, unexpected
from heliograph.query.influxql.plan.forms import Forms
from heliograph.query.influxql.statements import statement
from heliograph.query.influxql.tree import Statement

MAX_CHARACTERS: Final = 256 * 1024
"""Longer texts are refused: reading them would take seconds on a small board."""
_KEPT_TEXTS: Final = 256
_KEPT_CHARACTERS: Final = 4_096
"""Longer texts are read anew each time: they are not what a dashboard asks again and again."""
FORMS: Final = Forms()
"""Those of all texts: what they mean depends on nothing else."""


def parse(
    text: str, parameters: Mapping[str, Parameter] | None = None, fault_of: FaultOf | None = None
) -> tuple[Statement, ...]:
    """Return the statements of a text; ``parameters`` are the values of its ``$name`` s.

    ``fault_of`` tells what is wrong with a regular expression; without it none is looked at.

    Raises:
        QuerySyntaxError: with InfluxDB's words, and the place where there is one.
    """
    if len(text) > MAX_CHARACTERS:
        raise QuerySyntaxError(
            f"the query has {len(text):,} characters, {MAX_CHARACTERS:,} are the most; make several of it"
        )
    if parameters or len(text) > _KEPT_CHARACTERS:
        return _parse(Cursor(text, parameters, fault_of))
    return _parsed(text, fault_of)


@lru_cache(_KEPT_TEXTS)
def _parsed(text: str, fault_of: FaultOf | None) -> tuple[Statement, ...]:
    return FORMS.read(text, lambda one: _parse(Cursor(one, None, fault_of)), fault_of)


def _parse(cursor: Cursor) -> tuple[Statement, ...]:
    statements: list[Statement] = []
    separated = True
    while (token := cursor.peek()).kind != "EOF":
        if token.kind == ";":
            cursor.take()
            separated = True
        elif not separated:
            raise unexpected(token, ";")
        else:
            statements.append(statement(cursor))
            separated = False
    return tuple(statements)
