"""All names of topics, sorted, so that words are found in 200,000 of them within milliseconds.

They stand in blocks. A block is searched as one text, made anew when its names have changed.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence
from typing import Final

BLOCK_NAMES: Final = 2_000
"""A block with more names becomes two."""
_BETWEEN: Final = "\0"
"""No topic may have it; one that has it all the same is searched as if it had another letter there."""


def _folded(text: str) -> str:
    return text.replace(_BETWEEN, "\1").casefold()


class _Block:
    """Some names that follow each other."""

    __slots__ = ("_text", "names")

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self._text: str | None = None

    def add(self, name: str) -> None:
        insort(self.names, name)
        self._text = None

    def remove(self, name: str) -> None:
        del self.names[bisect_left(self.names, name)]
        self._text = None

    def having(self, words: Sequence[str]) -> list[str]:
        """Return the names that have all the words, which are folded."""
        if self._text is None:
            self._text = _BETWEEN.join(map(_folded, self.names))
        text, rarest = self._text, max(words, key=len)
        found: list[str] = []
        number = passed = 0
        at = text.find(rarest)
        while at >= 0:
            number += text.count(_BETWEEN, passed, at)
            begin, end = text.rfind(_BETWEEN, 0, at) + 1, text.find(_BETWEEN, at)
            passed = end if end >= 0 else len(text)
            name = text[begin:passed]
            if all(word in name for word in words):
                found.append(self.names[number])
            at = text.find(rarest, passed)
        return found


class NameIndex:
    """The names, each of them once."""

    def __init__(self) -> None:
        self._blocks = [_Block([])]
        self._firsts = [""]

    def add(self, name: str) -> None:
        """Take a name that is not here."""
        at = bisect_right(self._firsts, name) - 1
        block = self._blocks[at]
        block.add(name)
        if len(block.names) > BLOCK_NAMES:
            # two new ones: a search that is under way keeps the old one, and finds no name twice
            half = len(block.names) // 2
            self._blocks[at : at + 1] = [_Block(block.names[:half]), _Block(block.names[half:])]
            self._firsts.insert(at + 1, block.names[half])

    def remove(self, name: str) -> None:
        """Forget a name that is here."""
        at = bisect_right(self._firsts, name) - 1
        self._blocks[at].remove(name)
        if at and not self._blocks[at].names:
            del self._blocks[at], self._firsts[at]

    def having(self, words: Sequence[str]) -> Iterator[list[str]]:
        """Yield the names that have all the words, large or small, some at a time and sorted.

        Names may come and go between two of the lists.
        """
        folded = [_folded(word) for word in words]
        for block in tuple(self._blocks):
            yield block.having(folded) if folded else list(block.names)
