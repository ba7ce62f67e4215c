"""Text of InfluxQL to trees.

It is written by hand, as InfluxDB's own parser is: a grammar for a parser generator can neither tell a
regular expression from a division by what stands before it nor word the errors that InfluxDB's clients show.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from heliograph.query.influxql.cursor import Cursor, Parameter, unexpected
from heliograph.query.influxql.statements import statement
from heliograph.query.influxql.tree import Statement

_KEPT_TEXTS: Final = 256
_KEPT_CHARACTERS: Final = 4_096
"""Longer texts are read anew each time: they are not what a dashboard asks again and again."""


def parse(text: str, parameters: Mapping[str, Parameter] | None = None) -> tuple[Statement, ...]:
    """Return the statements of a text; ``parameters`` are the values of its ``$name`` s.

    Raises:
        QuerySyntaxError: with InfluxDB's words, and the place where there is one.
    """
    if parameters or len(text) > _KEPT_CHARACTERS:
        return _parse(Cursor(text, parameters))
    return _parsed(text)


@lru_cache(_KEPT_TEXTS)
def _parsed(text: str) -> tuple[Statement, ...]:
    return _parse(Cursor(text))


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
