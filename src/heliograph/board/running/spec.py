"""What is started on a board, and in what: the same for a look and for a service."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from heliograph.board.code.project import Project, Service
from heliograph.board.remote.runner import PORT
from heliograph.board.sync.session import Facts, Session

BEAT_SECONDS: Final = 4.0
"""How often the laptop gives a sign of life."""
SILENCE_SECONDS: Final = 20.0
"""Without one for so long, a board ends what the laptop started."""
_QUIET: Final = {"PYDEVD_DISABLE_FILE_VALIDATION": "1"}
"""The debugger need not say that frozen modules would be hidden from it: they are switched off."""
_PYTHONS: Final = frozenset({"python", "python3"})


@dataclass(frozen=True, slots=True)
class Spec:
    """A program with all that it is started with."""

    argv: tuple[str, ...]
    cwd: str
    env: Mapping[str, str]
    secrets: str
    """The board's file of secret variables (0600), which need not be there."""
    facts: Facts
    service: Service = field(default_factory=Service)
    app: str = "app"
    closes: bool = False
    """The end of its input asks it to end, instead of a signal."""

    def command_line(self, words: Sequence[str]) -> Spec:
        """Return the same with other words; ``python`` is the app's own interpreter."""
        first, *rest = words
        argv = (self.argv[0], *rest) if first in _PYTHONS else (first, *rest)
        return replace(self, argv=argv)

    def debugged(self, folder: str, *, wait: bool) -> Spec:
        """Return the same under debugpy, whose port is on the board's loopback only."""
        waits = ("--wait-for-client",) if wait else ()
        debugger = ("-Xfrozen_modules=off", "-m", "debugpy", "--listen", f"127.0.0.1:{PORT}", *waits)
        return replace(
            self, argv=(self.argv[0], *debugger, *self._script()), env=dict(self.env) | path_env(self, folder)
        )

    def connected_back(self, pydevd: str, port: int, laptop_root: str) -> Spec:
        """Return the same under a ``pydevd.py``, which connects to a port of the board's loopback."""
        entry = self._script()
        module = ("--module",) if entry[0] == "-m" else ()
        words = entry[1:] if module else entry
        debugger = (
            *("-Xfrozen_modules=off", pydevd, "--client", "127.0.0.1", "--port", str(port)),
            *(*module, "--file", *words),
        )
        paths = json.dumps([[laptop_root, self.cwd]])
        env = dict(self.env) | _QUIET | {"PATHS_FROM_ECLIPSE_TO_PYTHON": paths}
        return replace(self, argv=(self.argv[0], *debugger), env=env)

    def at_port(self, port: int) -> Spec:
        """Return the same with a port in the place that is kept for one."""
        return replace(self, argv=tuple(word.replace(PORT, str(port)) for word in self.argv))

    def guarded(self, script: str, *arguments: str) -> Spec:
        """Return a script of sh, run as root, that is asked to end by the end of its input."""
        facts = replace(self.facts, systemd=False)
        argv = (*self.facts.sudo, "sh", "-c", script, "sh", *arguments)
        return replace(
            self, argv=argv, env={}, cwd="/", facts=facts, closes=True, service=Service(stop_seconds=60)
        )

    def _script(self) -> tuple[str, ...]:
        return tuple(word for word in self.argv[1:] if word != "-u")

    def frame(self, *, stdin: bool) -> dict[str, Any]:
        """Return what the runner on the board is told."""
        unit = f"heliograph-run-{self.app}-{secrets.token_hex(3)}.service" if self.facts.systemd else ""
        return {
            "do": "start",
            "argv": list(self.argv),
            "cwd": self.cwd,
            "env": dict(self.env),
            "secrets": self.secrets,
            "unit": unit,
            "sudo": list(self.facts.sudo),
            "properties": self._properties(),
            "stdin": stdin or self.closes,
            "closes": self.closes,
            "grace": self.service.stop_seconds,
            "silence": SILENCE_SECONDS,
        }

    def _properties(self) -> list[str]:
        limits = {"MemoryMax": self.service.memory_bytes, "CPUQuota": self.service.cpu}
        return [
            f"User={self.facts.user}",
            f"WorkingDirectory={self.cwd}",
            f"EnvironmentFile=-{self.secrets}",
            f"TimeoutStopSec={self.service.stop_seconds:g}",
            *(f"{name}={value}" for name, value in limits.items() if value is not None),
        ]


def path_env(spec: Spec, folder: str) -> dict[str, str]:
    """Return the variable that lets Python find what lies in a folder, before all else that it finds."""
    before = spec.env.get("PYTHONPATH", "")
    return _QUIET | {"PYTHONPATH": f"{folder}:{before}" if before else folder}


def spec_of(project: Project, session: Session, facts: Facts, env: Mapping[str, str]) -> Spec:
    """Return what a project runs on a board; ``env`` is what the inventory has for that board."""
    own = facts.environment if project.requirements is not None else None
    return Spec(
        argv=(own or facts.python, "-u", *project.command),
        cwd=session.root,
        env={"PYTHONUNBUFFERED": "1", "HELIO_APP_VERSION": str(session.version)}
        | dict(env)
        | dict(project.env),
        secrets=f"{session.base}/secrets.env",
        facts=facts,
        service=project.service,
        app=project.name,
    )


def shell_spec(script: str, *arguments: str, stop_seconds: float = 5.0) -> Spec:
    """Return a script of sh that is run as who logged in, outside of any unit."""
    facts = Facts(
        user="", systemd=False, sudo=(), python="python3", environment=None, version=(3, 7), machine=""
    )
    service = Service(stop_seconds=stop_seconds)
    return Spec(("sh", "-c", script, "sh", *arguments), "/", {}, "", facts, service)
