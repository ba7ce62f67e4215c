"""The sample file: every setting with its default and the tree's own words about it."""

from __future__ import annotations

import ast
import inspect
import textwrap

from heliograph.config import tree
from heliograph.config.keys import Key, keys, sections

_WIDTH = 100
_HEAD = """\
# Settings of Heliograph. Every line below shows a default: take the # away to change it.
# HELIO_<SECTION>_<KEY> in the environment sets the same, for example HELIO_HTTP_PORT=8087.
"""


def sample() -> str:
    """Return a TOML file in which every setting stands with its default, commented out."""
    described = descriptions()
    parts = [_HEAD]
    for section, holder in sections().items():
        parts.append(f"\n{_comment(described[holder.__name__])}[{section}]\n")
        parts += [
            f"\n{_comment(described[f'{holder.__name__}.{key.name}'])}{_entry(key)}"
            for key in keys().values()
            if key.section == section
        ]
    return "".join(parts)


def descriptions() -> dict[str, str]:
    """Return what the tree says about each section (``HttpSettings``) and field (``HttpSettings.port``)."""
    found: dict[str, str] = {}
    for node in ast.parse(inspect.getsource(tree)).body:
        if not isinstance(node, ast.ClassDef):
            continue
        found[node.name] = ast.get_docstring(node) or ""
        for entry, after in zip(node.body, node.body[1:], strict=False):
            match entry, after:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    found[f"{node.name}.{name}"] = inspect.cleandoc(text)
    return found


def _comment(text: str) -> str:
    words = " ".join(text.split())
    return (
        textwrap.fill(words, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)
        + "\n"
    )


def _entry(key: Key) -> str:
    return f"#{key.name} = {key.kind.encode(key.default)}\n"
