"""The second listener: tells when a board becomes too warm, and when that is over.

Observer, as the design patterns call it: table and alarm hear the same messages, and neither knows of the
other nor the senders of them. State: each board is in one of two states, which decide what a value means.
"""

from __future__ import annotations

import argparse

from listener import Listener, main


class Calm:
    """All is well; from here a value above the limit leads to `Alarmed`."""

    def next(self, board: str, celsius: float, options: argparse.Namespace) -> State:
        if celsius <= options.limit:
            return self
        print(f"ALARM {board}: {celsius:g} is above {options.limit:g}", flush=True)
        return Alarmed()


class Alarmed:
    """Too warm; only a value below the lower limit ends it, so that nothing flutters at the border."""

    def next(self, board: str, celsius: float, options: argparse.Namespace) -> State:
        if celsius >= options.over_below:
            return self
        print(f"over  {board}: {celsius:g} is below {options.over_below:g}", flush=True)
        return Calm()


State = Calm | Alarmed


class Alarm(Listener):
    """Tell when a board becomes too warm, and when that is over."""

    topics = ("course/boards/+/temperature",)

    def __init__(self, options: argparse.Namespace) -> None:
        super().__init__(options)
        self._states: dict[str, State] = {}

    @classmethod
    def parser(cls) -> argparse.ArgumentParser:
        parser = super().parser()
        parser.add_argument(
            "--limit", type=float, default=25.0, help="above it there is an alarm (default: %(default)s)"
        )
        parser.add_argument(
            "--over-below", type=float, default=23.0, help="below it the alarm is over (default: %(default)s)"
        )
        return parser

    def heard(self, board: str, what: str, text: str) -> None:
        try:
            celsius = float(text)
        except ValueError:
            print(f"?     {board}: {what} is a number, {text!r} came", flush=True)
            return
        state = self._states.get(board, Calm())
        self._states[board] = state.next(board, celsius, self.options)


if __name__ == "__main__":
    main(Alarm)
