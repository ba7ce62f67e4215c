"""The table of what was tried between our programs and other people's clients."""

from __future__ import annotations

from typing import NamedTuple


class Cell(NamedTuple):
    """Whose row a cell is in."""

    broker: str
    ours: str
    client: str


class Table:
    """What was tried, cell by cell; a cell that was begun and not finished has failed."""

    def __init__(self) -> None:
        self._rows: dict[Cell, dict[str, str]] = {}

    def begin(self, row: Cell, feature: str) -> None:
        """Note that this is tried now."""
        self._rows.setdefault(row, {})[feature] = "FAIL"

    def done(self, row: Cell, feature: str) -> None:
        """Note that it works."""
        self._rows[row][feature] = "ok"

    def __str__(self) -> str:
        columns = sorted({feature for row in self._rows.values() for feature in row}, key=_order)
        lines = [f"{'broker':<11}{'ours':<10}{'client':<11}" + "  ".join(columns)]
        for row, cells in sorted(self._rows.items()):
            marks = "  ".join(cells.get(name, "").center(len(name)) for name in columns)
            lines.append(f"{row.broker:<11}{row.ours:<10}{row.client:<11}{marks}".rstrip())
        return "\n".join([*lines, "", self.summary])

    @property
    def summary(self) -> str:
        """How much of it works, in a line."""
        cells = [(row.ours, mark) for row, marks in self._rows.items() for mark in marks.values()]
        tried = {ours: [mark for each, mark in cells if each == ours] for ours, _ in sorted(cells)}
        parts = [f"{ours} {marks.count('ok')} of {len(marks)}" for ours, marks in tried.items()]
        return f"ok: {', '.join(parts)}"


def _order(feature: str) -> tuple[bool, str]:
    return not feature.startswith("QoS"), feature
