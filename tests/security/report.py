"""What the security tests print at their end: lines of a table, by section."""

from __future__ import annotations

from collections.abc import Mapping


class Report:
    """Sections with lines, in the order in which they came."""

    def __init__(self) -> None:
        self._sections: dict[str, list[tuple[str, str]]] = {}

    def add(self, section: str, what: str, found: str) -> None:
        """Note a line."""
        self._sections.setdefault(section, []).append((what, found))

    def add_all(self, section: str, lines: Mapping[str, str]) -> None:
        """Note several lines."""
        for what, found in lines.items():
            self.add(section, what, found)

    def __str__(self) -> str:
        shown: list[str] = []
        for section, lines in self._sections.items():
            width = max(len(what) for what, _ in lines)
            shown += ["", section, "-" * len(section)]
            shown += [f"{what:<{width}}  {found}" for what, found in lines]
        return "\n".join(shown)
