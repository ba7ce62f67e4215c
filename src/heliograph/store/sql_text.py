"""Names, paths and values as they may stand in a statement of ours."""

from __future__ import annotations


def quote(name: str) -> str:
    """Return an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return an SQL string literal; only for paths of our own."""
    return "'" + text.replace("'", "''") + "'"


def text_sql(text: str) -> str:
    """Return an expression for any text, where nothing can be bound; the text itself is not in it."""
    return f"decode(unhex('{text.encode().hex()}'))"
