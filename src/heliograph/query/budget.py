"""One budget of memory for the values that all running questions hold on the way to their answers.

Each question may take a small share, which is always there for it. One that needs more is given up, waits in
no thread until the turn of the large ones is free, and begins anew with all that the small shares leave. So
small questions never wait for large ones, large ones wait for each other, and nobody who holds much waits.
"""

from __future__ import annotations

import asyncio
import ctypes
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, TypeAlias, TypeVar

from heliograph.errors import QueryError

_ROW_BYTES: Final = 80
_CELL_BYTES: Final = 50
"""A row of four values takes some 280 bytes as Python has it: tuple, numbers and texts, and copies."""
_POINT_BYTES: Final = 96
"""Two numbers, their places in two lists, and a part of what is made of them."""
_UNBOUNDED: Final = 2**62
_MIB: Final = 2**20
_KNOWN: Final = 1_000
_A = TypeVar("_A")
Within: TypeAlias = Callable[[float], AbstractAsyncContextManager[Any]]
"""Ends a block after so many seconds by TimeoutError, as ``asyncio.timeout`` does, or before that."""


class TurnNeeded(Exception):
    """A question needs more than a small share; it begins anew when it has the turn."""


class Claim:
    """What one question may hold, and holds; used by the thread that answers it."""

    __slots__ = ("_told", "held_bytes", "most_bytes")

    def __init__(self, most_bytes: int = _UNBOUNDED, told: Callable[[], Exception] = TurnNeeded) -> None:
        self.most_bytes = most_bytes
        self._told = told
        self.held_bytes = 0

    def hold(self, rows: int, width: int, *, points: int = 0) -> None:
        """Hold so many rows of so many values each, and points, instead of fewer before.

        Raises:
            TurnNeeded: it is more than a small share.
            QueryError: it is more than there is.
        """
        size_bytes = rows * (_ROW_BYTES + width * _CELL_BYTES) + points * _POINT_BYTES
        if size_bytes > self.most_bytes:
            raise self._told()
        self.held_bytes = max(self.held_bytes, size_bytes)


class MemoryBudget:
    """What all questions share; ``at_once`` of them run at a time. Used by one loop."""

    def __init__(self, limit_bytes: int = _UNBOUNDED, *, at_once: int = 1) -> None:
        self.limit_bytes = limit_bytes
        self._small_bytes = limit_bytes // 4 // at_once
        self._large_bytes = limit_bytes - self._small_bytes * at_once
        self._turn = asyncio.Lock()
        self._claims: set[Claim] = set()
        self._known: OrderedDict[Hashable, None] = OrderedDict()
        self._waiting = self._waited = self._refused = self._most_bytes = 0

    def report(self) -> dict[str, int]:
        """Return what is held now and was at most, and how those fare that need the turn."""
        held_bytes = self._look()
        return {
            "limit_bytes": self.limit_bytes,
            "held_bytes": held_bytes,
            "most_bytes": self._most_bytes,
            "waiting": self._waiting,
            "waited": self._waited,
            "refused": self._refused,
        }

    def small(self) -> Claim:
        """Return a claim to a small share, for what is answered in a moment."""
        return Claim(self._small_bytes)

    async def answer(
        self,
        ask: Callable[[Claim], Awaitable[_A]],
        seconds: float,
        shape: Hashable = None,
        *,
        within: Within = asyncio.timeout,
    ) -> _A:
        """Return what ``ask`` gives with a small share, or else, called once more, with the turn.

        What needed the turn the last time waits for it at once, known by its ``shape``. Cancelled, it takes
        nothing any more. The wait for the turn is ``within`` the seconds.

        Raises:
            QueryError: the turn did not come in so many seconds, or what is left is too little.
        """
        if shape is None or shape not in self._known:
            try:
                return await self._held(self.small(), ask)
            except TurnNeeded:
                self._remember(shape)
        await self._take_turn(seconds, within)
        claim = Claim(self._large_bytes, self._too_much)
        try:
            return await self._held(claim, ask)
        finally:
            if claim.held_bytes <= self._small_bytes:
                self._known.pop(shape, None)
            try:
                await asyncio.shield(asyncio.to_thread(_give_back))
            finally:  # whoever asked may go just then
                self._turn.release()

    def _remember(self, shape: Hashable) -> None:
        if shape is not None:
            self._known[shape] = None
            while len(self._known) > _KNOWN:
                self._known.popitem(last=False)

    async def _held(self, claim: Claim, ask: Callable[[Claim], Awaitable[_A]]) -> _A:
        self._claims.add(claim)
        try:
            return await ask(claim)
        finally:
            self._look()
            self._claims.discard(claim)

    async def _take_turn(self, seconds: float, within: Within) -> None:
        self._waited += 1
        self._waiting += 1
        try:
            async with within(seconds):
                await self._turn.acquire()
        except TimeoutError as error:
            self._refused += 1
            raise QueryError(
                f"the query needs over {_mib(self._small_bytes)} of memory for its values, and others that"
                f" do, too, were before it for {seconds:g} s (limits.query_seconds); ask later, or for less"
            ) from error
        finally:
            self._waiting -= 1

    def _too_much(self) -> QueryError:
        self._refused += 1
        return QueryError(
            f"the query needs over {_mib(self._large_bytes)} of memory for the values on its way, the most"
            " that limits.query_memory leaves for one; select fewer columns, a shorter range, longer"
            " intervals or fewer series, or limit it"
        )

    def _look(self) -> int:
        held_bytes = sum(claim.held_bytes for claim in self._claims)
        self._most_bytes = max(self._most_bytes, held_bytes)
        return held_bytes


def _mib(size_bytes: float) -> str:
    return f"{size_bytes / _MIB:.3g} MiB"


def _give_back() -> None:
    """Give what was freed back to the machine, where the C library can."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
