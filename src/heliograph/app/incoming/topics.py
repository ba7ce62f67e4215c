"""Topic filters as an app writes them, ``room/{room}/temp``, and what stands in their places."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from heliograph.errors import ConfigError, TopicError
from heliograph.model.topic_filter import check_filter, unshared

_NAMED: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(\.\.\.)?\}")


@dataclass(frozen=True)
class TopicPattern:
    """A topic filter whose wildcards may have names.

    ``+`` and ``{name}`` stand for one level, ``#`` and ``{name...}`` at the end for all that follow.

    Raises:
        ConfigError: it is no topic filter.
    """

    text: str

    def __post_init__(self) -> None:
        self._check()

    @cached_property
    def topic_filter(self) -> str:
        """The filter as a broker understands it."""
        return "/".join(_wildcard(level) for level in self.text.split("/"))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the parts."""
        return tuple(found[1] for level in self.text.split("/") if (found := _NAMED.fullmatch(level)))

    @cached_property
    def _expression(self) -> re.Pattern[str]:
        wanted = unshared(self.text).split("/")
        # MQTT 3.1.1 §4.7.2: a wildcard at the beginning does not stand for a topic that begins with $.
        begin = r"(?!\$)" if _wildcard(wanted[0]) in {"+", "#"} else ""
        levels = [_expression(level, is_first=not index) for index, level in enumerate(wanted)]
        # "a/#" stands for "a" too: the slash before it belongs to what may be missing.
        return re.compile(begin + "/".join(levels).replace("/(?:/", "(?:/"), re.DOTALL)

    def match(self, topic: str) -> Mapping[str, str] | None:
        """Return the named parts of a topic; None if the pattern does not stand for it."""
        found = self._expression.fullmatch(topic)
        return None if found is None else {name: part or "" for name, part in found.groupdict().items()}

    def _check(self) -> None:
        if any("{" in level or "}" in level for level in self.topic_filter.split("/")):
            raise ConfigError(
                f"in the topic filter {self.text!r} a name stands for a whole level, {{room}}, or at the end "
                "for all that follow, {rest...}; names have letters, digits and _"
            )
        try:
            check_filter(self.topic_filter)
        except TopicError as error:
            raise ConfigError(error.reason) from error
        if len(set(self.names)) < len(self.names):
            raise ConfigError(f"the topic filter {self.text!r} has a name twice; give each part its own")


def fill(text: str, **known: str) -> str:
    """Return a pattern with the places filled of which the value is known, ``{device}`` and ``{app}``."""
    for name, value in known.items():
        text = text.replace("{" + name + "}", value)
    return text


def _wildcard(level: str) -> str:
    found = _NAMED.fullmatch(level)
    if found is None:
        return level
    return "#" if found[2] else "+"


def _expression(level: str, *, is_first: bool) -> str:
    named = _NAMED.fullmatch(level)
    name = f"?P<{named[1]}>" if named else "?:"
    wildcard = _wildcard(level)
    if wildcard == "+":
        return f"({name}[^/]*)"
    if wildcard != "#":
        return re.escape(level)
    return f"({name}.*)" if is_first else f"(?:/({name}.*))?"
