"""``software``: versions on a board: of the agent, and of the apps that ``helio board`` put there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from heliograph.inputs.roots import REAL_ROOTS, Roots, list_names, read_text_or_none
from heliograph.model.point import Point

_AGENT: Final = "heliograph-agent.service"
_APP: Final = re.compile(r"heliograph-app-(.+)\.service")
_VERSION: Final = re.compile(r'^Environment="HELIO_APP_VERSION=(\d+)"$', re.MULTILINE)
_GROUPS: Final = ("fs/cgroup/system.slice", "fs/cgroup/systemd/system.slice")
"""Where systemd's units have their processes, in the second and the first kind of control groups."""


class SoftwareInput:
    """A point for each of them with the tags ``name`` and ``version``; ``running`` is 1 or 0.

    Only units are read that ``helio board`` wrote, so a machine without such units is silent.
    """

    def __init__(self, *, roots: Roots = REAL_ROOTS) -> None:
        self._units = f"{roots.etc}/systemd/system"
        self._groups = [f"{roots.sys}/{group}" for group in _GROUPS]

    def gather(self) -> list[Point]:
        """Return a point for the agent and for each app that is a service."""
        return list(self._points())

    def _points(self) -> Iterator[Point]:
        for unit in list_names(self._units):
            if unit == _AGENT:
                from heliograph import __version__

                yield _point("heliograph", __version__, is_running=True)
            elif app := _APP.fullmatch(unit):
                version = _VERSION.search(read_text_or_none(f"{self._units}/{unit}") or "")
                yield _point(app[1], version[1] if version else "", is_running=self._runs(unit))

    def _runs(self, unit: str) -> bool:
        return any(read_text_or_none(f"{group}/{unit}/cgroup.procs") for group in self._groups)


def _point(name: str, version: str, *, is_running: bool) -> Point:
    tags = {"name": name, "version": version} if version else {"name": name}
    return Point("software", {"running": int(is_running)}, tags)
