"""Questions that are answered at once, without a thread: handing one over and back takes longer than they do.

Which those are is learned: a question whose like was answered from memory in a moment the last time. It
gets no engine for SQL and little time, and is asked in a thread after all where that is not enough.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final, NoReturn, TypeVar

_A = TypeVar("_A")
_S = TypeVar("_S")
MOMENT_SECONDS: Final = 0.002
"""Of the processor; what took longer the last time goes to a thread."""
_LIMIT_SECONDS: Final = 0.02
"""Nobody else is served meanwhile."""
LONGEST: Final = 2_048
_KEPT: Final = 1_000
_VALUES: Final = re.compile(r"\d+|(?<=[=<> ])'[^'\\\n]*'|(?<=[~ ])/\^\(?[\w.\\ :|-]+\)?\$/")
"""Numbers, texts, and what a dashboard's variable lists: other hosts take as long."""


class NotAtOnce(Exception):
    """A question cannot be answered without waiting; whoever asked it so asks it in a thread."""


def shape_of(text: str, *place: str) -> Hashable | None:
    """Return what a text has in common with those that differ in values alone; None if it is long."""
    return (_VALUES.sub("0", text), *place) if len(text) <= LONGEST else None


def refuse() -> NoReturn:
    """Take the place of what connects to an engine.

    Raises:
        NotAtOnce: always.
    """
    raise NotAtOnce


def until(clock: Callable[[], float]) -> Callable[[], float]:
    """Return a clock that ends what looks at it too late, with :class:`NotAtOnce`."""
    end = clock() + _LIMIT_SECONDS

    def limited() -> float:
        now = clock()
        if now > end:
            raise NotAtOnce
        return now

    return limited


class Quick:
    """What the questions of each shape took the last time. For several threads."""

    def __init__(self) -> None:
        self._taken: OrderedDict[Hashable, float] = OrderedDict()

    def expects(self, shape: Hashable) -> bool:
        """Return whether a question of a shape is likely to be answered in a moment."""
        return self._taken.get(shape, _LIMIT_SECONDS) < MOMENT_SECONDS

    def timed(self, shape: Hashable, work: Callable[[_S], _A], session: _S) -> _A:
        """Return what some work gives, and remember how long it took; of one that fails, that it did."""
        taken, began = _LIMIT_SECONDS, time.thread_time()
        try:
            result = work(session)
            taken = time.thread_time() - began
            return result
        finally:
            self._taken[shape] = taken
            while len(self._taken) > _KEPT:
                self._taken.popitem(last=False)
