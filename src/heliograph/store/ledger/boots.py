"""Which of a device's numbered batches came: told from their marks, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from heliograph.model.mark import Mark

MAX_GAPS: Final = 100
"""Gaps of one boot that are known by their numbers; of older ones only the size is kept."""
MAX_BOOTS: Final = 8
"""Boots of one device whose numbers are known; of older ones only the sums are kept."""


class Gap(NamedTuple):
    """Batches that did not come, by their numbers: the first and the last."""

    boot: str
    first: int
    last: int


@dataclass(slots=True)
class _Boot:
    """The numbers that came from one start of a program: all up to ``highest``, but for the gaps."""

    base: int = 0
    """The numbers up to here came before the ledger began."""
    highest: int = 0
    unlisted: int = 0
    """Missing numbers of gaps that fell off the list."""
    gaps: list[tuple[int, int]] = field(default_factory=list)
    """Ascending."""

    def copy(self) -> _Boot:
        return _Boot(self.base, self.highest, self.unlisted, self.gaps.copy())

    @property
    def produced(self) -> int:
        return self.highest - self.base

    @property
    def missing(self) -> int:
        return self.unlisted + sum(last - first + 1 for first, last in self.gaps)

    def has(self, seq: int) -> bool:
        return seq <= self.highest and not any(first <= seq <= last for first, last in self.gaps)

    def add(self, seq: int) -> None:
        if seq > self.highest:
            if seq > self.highest + 1:
                self._open(self.highest + 1, seq - 1)
            self.highest = seq
            return
        for index, (first, last) in enumerate(self.gaps):
            if first <= seq <= last:
                left = [(first, seq - 1)] if first < seq else []
                right = [(seq + 1, last)] if seq < last else []
                self.gaps[index : index + 1] = left + right
                self._shorten()
                return

    def _open(self, first: int, last: int) -> None:
        self.gaps.append((first, last))
        self._shorten()

    def _shorten(self) -> None:
        while len(self.gaps) > MAX_GAPS:
            first, last = self.gaps.pop(0)
            self.unlisted += last - first + 1


class Boots:
    """The numbers that came from one device."""

    def __init__(self) -> None:
        self._boots: dict[str, _Boot] = {}
        """The one that was heard of last stands last."""
        self._past = [0, 0, 0]
        """Of boots that are no longer here: how many, what they produced, what is missing of them."""

    @property
    def count(self) -> int:
        """How often the device's program was started, as far as batches tell."""
        return len(self._boots) + self._past[0]

    @property
    def produced(self) -> int:
        """How many batches the device has numbered, as far as we have heard."""
        return self._past[1] + sum(boot.produced for boot in self._boots.values())

    @property
    def missing(self) -> int:
        """How many of those did not come."""
        return self._past[2] + sum(boot.missing for boot in self._boots.values())

    def gaps(self) -> Iterator[Gap]:
        """Yield the missing batches of which the numbers are known."""
        for name, boot in self._boots.items():
            for first, last in boot.gaps:
                yield Gap(name, first, last)

    def has(self, mark: Mark) -> bool:
        """Return whether this batch came already, all of them where it stands for several."""
        boot = self._boots.get(mark.boot)
        if boot is None or mark.seq > boot.highest:
            return False
        return all(boot.has(one.seq) for one in mark.each())

    def may_have(self, mark: Mark) -> bool:
        """Return whether this batch came already, or may have come in a boot that is only a sum now."""
        return self.has(mark) or (mark.boot not in self._boots and self._past[0] > 0)

    def add(self, mark: Mark, *, from_here: bool = False) -> None:
        """Note what came; with ``from_here`` what was before it is none of our business."""
        boot = self._boots.pop(mark.boot, None)
        if boot is None:
            before = mark.seq - mark.batches if from_here else 0
            boot = _Boot(base=before, highest=before)
        self._boots[mark.boot] = boot
        for one in mark.each():
            boot.add(one.seq)
        if len(self._boots) > MAX_BOOTS:
            oldest = self._boots.pop(next(iter(self._boots)))
            for index, more in enumerate((1, oldest.produced, oldest.missing)):
                self._past[index] += more

    def copy(self) -> Boots:
        """Return the same, which does not change with this."""
        copy = Boots()
        copy._boots = {name: boot.copy() for name, boot in self._boots.items()}
        copy._past = self._past.copy()
        return copy

    def as_json(self) -> dict[str, Any]:
        """Return all that is known, JSON-ready."""
        boots = {n: [b.base, b.highest, b.unlisted, b.gaps.copy()] for n, b in self._boots.items()}
        return {"past": self._past.copy(), "boots": boots}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Boots:
        """Return what :meth:`as_json` gave."""
        boots = cls()
        boots._past = list(kept["past"])
        for name, (base, highest, unlisted, gaps) in kept["boots"].items():
            boots._boots[name] = _Boot(base, highest, unlisted, [(first, last) for first, last in gaps])
        return boots
