"""An invented room with a heater that holds a temperature.

State, as the design patterns call it: the thermostat is in one of three states, and each knows what it does
to the room and which state comes next. No `if` elsewhere asks for it.
"""

from __future__ import annotations

import random
from typing import Protocol

OUTSIDE = 10.0
TOLERANCE = 0.3
LEAST, MOST = 5.0, 35.0


class State(Protocol):
    """What the heater does just now."""

    doing: str
    warms: float
    """°C in a second."""

    def next(self, celsius: float, target: float) -> State:
        """Return the state after this measurement."""


class Off:
    """Switched off by hand: nothing but the hand ends that."""

    doing, warms = "switched off", 0.0

    def next(self, celsius: float, target: float) -> State:  # noqa: ARG002 - whatever they are
        return self


class Idle:
    """Warm enough."""

    doing, warms = "warm enough", 0.0

    def next(self, celsius: float, target: float) -> State:
        return Heating() if celsius < target - TOLERANCE else self


class Heating:
    """Too cold until now."""

    doing, warms = "heating", 0.4

    def next(self, celsius: float, target: float) -> State:
        return Idle() if celsius > target + TOLERANCE else self


class Room:
    """A room, its heater and its thermostat.

    Args:
        celsius: how warm it is at first.
        target: the temperature to hold.
    """

    def __init__(self, celsius: float, target: float) -> None:
        self.celsius = celsius
        self.target = target
        self._state: State = Idle()

    @property
    def doing(self) -> str:
        """What the heater does, in words."""
        return self._state.doing

    def set_target(self, celsius: float) -> None:
        """Hold another temperature.

        Raises:
            ValueError: nobody wants that.
        """
        if not LEAST <= celsius <= MOST:
            raise ValueError(f"a target from {LEAST:g} to {MOST:g} °C was expected, {celsius:g} came")
        self.target = celsius

    def switch(self, *, on: bool) -> None:
        """Switch the thermostat on or off."""
        self._state = Idle() if on else Off()

    def wait(self, seconds: float) -> None:
        """Let time pass: the heater warms, the world outside cools."""
        self._state = self._state.next(self.celsius, self.target)
        cools = (self.celsius - OUTSIDE) * 0.01
        self.celsius += (self._state.warms - cools + random.gauss(0, 0.02)) * seconds
