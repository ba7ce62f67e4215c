"""The contract of an input: one screenful, so that anyone can write one."""

from __future__ import annotations

from typing import Protocol

from heliograph.inputs.roots import Roots
from heliograph.model.point import Point


class Input(Protocol):
    """Something that can be measured on this machine.

    The constructor does no I/O. One input is never called twice at the same time.
    """

    def gather(self) -> list[Point]:
        """Return the points of this moment; their times and the tag ``host`` are set by the agent.

        Must be quick (a few milliseconds: it runs on the event loop) and may read only kernel files.
        An empty list means that this machine has nothing of the kind, or that a first sample has just
        been taken for a rate; it is counted, not logged.

        Raises:
            OSError, ValueError: a file cannot be read or is not as expected; the agent counts it,
                logs it once and goes on with the other inputs.
        """
        ...


class InputFactory(Protocol):
    """What a name in the registry stands for: the class of an input."""

    def __call__(self, *, roots: Roots) -> Input:
        """Make the input with its default configuration."""
        ...
