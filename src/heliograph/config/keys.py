"""The settings one by one, read off the tree: their names, kinds, defaults and variables."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, get_type_hints

from heliograph.config.kinds import Kind
from heliograph.config.tree import Settings


@dataclass(frozen=True, slots=True)
class Key:
    """One setting: ``section.name`` in a file and on the command line, ``variable`` in the environment."""

    section: str
    name: str
    kind: Kind[Any]
    default: Any

    @property
    def path(self) -> str:
        """The name with its section."""
        return f"{self.section}.{self.name}"

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"HELIO_{self.section}_{self.name}".upper()


@functools.cache
def sections() -> Mapping[str, type]:
    """Return the dataclass of each section, in the tree's order."""
    hints = get_type_hints(Settings)
    return MappingProxyType({section.name: hints[section.name] for section in fields(Settings)})


@functools.cache
def keys() -> Mapping[str, Key]:
    """Return every setting by its path, in the tree's order."""
    defaults = Settings()
    found: dict[str, Key] = {}
    for section, holder in sections().items():
        hints = get_type_hints(holder, include_extras=True)
        for name in (entry.name for entry in fields(holder)):
            (kind,) = hints[name].__metadata__
            key = Key(section, name, kind, getattr(getattr(defaults, section), name))
            found[key.path] = key
    return MappingProxyType(found)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return what to say about an unknown word: the nearest known one, or all of them."""
    known = list(known)
    close = difflib.get_close_matches(word, known, n=1)
    return f'did you mean "{close[0]}"?' if close else f"known are {', '.join(known)}"
