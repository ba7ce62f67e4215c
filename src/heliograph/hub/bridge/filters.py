"""The fewest topic filters that select what several select: some brokers send a copy for each that does."""

from __future__ import annotations

from collections.abc import Iterable


def least(topic_filters: Iterable[str]) -> list[str]:
    """Return the filters without those of which another one selects everything."""
    wanted = list(dict.fromkeys(topic_filters))
    return [each for each in wanted if not any(other != each and covers(other, each) for other in wanted)]


def covers(wide: str, narrow: str) -> bool:
    """Return whether a filter selects every topic that another one does."""
    theirs = narrow.split("/")
    if narrow.startswith("$") and wide[:1] in ("+", "#"):
        return False
    for at, level in enumerate(wide.split("/")):
        if level == "#":
            return True
        if at >= len(theirs) or theirs[at] == "#" or level not in ("+", theirs[at]):
            return False
    return len(theirs) == len(wide.split("/"))
