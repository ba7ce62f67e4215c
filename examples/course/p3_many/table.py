"""The first listener: the last value of every board, in one line."""

from __future__ import annotations

from argparse import Namespace

from listener import Listener, main


class Table(Listener):
    """Print the last value of every board whenever one comes."""

    topics = ("course/boards/+/temperature", "course/boards/+/status")

    def __init__(self, options: Namespace) -> None:
        super().__init__(options)
        self._last: dict[str, str] = {}
        self._away: set[str] = set()

    def heard(self, board: str, what: str, text: str) -> None:
        if what == "temperature":
            self._last[board] = text
        elif text == "offline":
            self._away.add(board)
        else:
            self._away.discard(board)
        boards = sorted(self._last.keys() | self._away)
        print("   ".join(f"{each} {self._shown(each)}" for each in boards), flush=True)

    def _shown(self, board: str) -> str:
        return "gone" if board in self._away else self._last.get(board, "?")


if __name__ == "__main__":
    main(Table)
