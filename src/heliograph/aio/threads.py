"""Work in threads whose results go when nobody uses them any more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Job(Generic[T]):
    """A call for a thread, which keeps its own result.

    A future of a thread pool is part of a cycle of references: a result in it stays in memory until the
    garbage collector comes by, which may be long, and results may be large.
    """

    def __init__(self, function: Callable[..., T], *arguments: Any) -> None:
        self._function = function
        self._arguments = arguments
        self._result: list[T] = []

    def __call__(self) -> None:
        """Make the call."""
        self._result.append(self._function(*self._arguments))

    def result(self) -> T:
        """Return, once, what the call returned; it must have ended without an error."""
        return self._result.pop()
