"""Which versions run on which board: what agents say by the measurement ``software``."""

from __future__ import annotations

from typing import Final

from heliograph.model.time import SECOND_NS

SOFTWARE: Final = "software"
_FORGOTTEN_NS: Final = 600 * SECOND_NS
"""A program of which a board that goes on sending has said nothing for so long is not there any more."""


class Software:
    """The newest version of each program of each board."""

    def __init__(self) -> None:
        self._newest: dict[str, dict[str, tuple[int, str]]] = {}

    def note(self, host: str, program: str, version: str, last_ns: int) -> None:
        """Take in that a board ran this version until then; a point of somebody else's has no program."""
        if not program:
            return
        programs = self._newest.setdefault(host, {})
        programs[program] = max(programs.get(program, (last_ns, version)), (last_ns, version))

    def of(self, host: str, last_ns: int) -> list[dict[str, str]]:
        """Return name and version of each program, as of the board's latest point."""
        return [
            {"name": program, "version": version}
            for program, (at_ns, version) in sorted(self._newest.get(host, {}).items())
            if at_ns > last_ns - _FORGOTTEN_NS
        ]
