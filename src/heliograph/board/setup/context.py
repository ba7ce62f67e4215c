"""What a role knows when it makes its steps."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from heliograph.board.facts import Facts
from heliograph.board.inventory import Board
from heliograph.board.setup.enrolling import Enrolling
from heliograph.board.setup.repositories import Repository
from heliograph.board.setup.wheels import Wheel
from heliograph.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Hub:
    """Where the hub is as the board sees it, and how it logs in there."""

    host: str = "127.0.0.1"
    """This board's own loopback stands for a link: helio board link holds the way to this laptop's hub."""
    port: int = 1883
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def parse(cls, text: str, user: str = "", password: str = "") -> Hub:
        """Return the hub of ``HOST`` or ``HOST:PORT``.

        Raises:
            ConfigError: it is neither.
        """
        host, _, port = text.removeprefix("mqtt://").rstrip("/").rpartition(":")
        if not host:
            host, port = port, "1883"
        if not port.isdigit() or not 1 <= int(port) <= 65_535:
            raise ConfigError(f"expected HOST or HOST:PORT, got {text!r}", key="--hub")
        return cls(host, int(port), user, password)

    def variables(self) -> str:
        """Return the environment of programs that send to it."""
        lines = [f"HELIO_MQTT_HOST={_quoted(self.host)}", f"HELIO_MQTT_PORT={self.port}"]
        lines += [f"HELIO_MQTT_USER={_quoted(self.user)}"] if self.user else []
        lines += [f"HELIO_MQTT_PASSWORD={_quoted(self.password)}"] if self.password else []
        return "\n".join([*lines, ""])


@dataclass(frozen=True, slots=True)
class Context:
    """One board, and what it is to become."""

    board: Board
    facts: Facts
    hub: Hub = field(default_factory=Hub)
    wheels: tuple[Wheel, ...] = ()
    """What the role's environment is made of; empty where it needs none."""
    wheel_folder: str = ""
    """Where they are on the board."""
    repositories: Mapping[str, Repository] = field(default_factory=dict)
    """Where the makers' packages are."""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Passwords that were asked for, by their name."""
    listen: str = ""
    """The address at which it is open to others; empty for itself only."""
    enrolment: Enrolling | None = None
    """How it gets a key of its own; None where ``hub`` says how it logs in."""

    @property
    def environment(self) -> str:
        """A short name for exactly these wheels and this Python."""
        lines = [self.facts.python_text, *sorted(wheel.requirement for wheel in self.wheels)]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]


def _quoted(text: str) -> str:
    """Return a text as systemd's EnvironmentFile takes it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("`", "\\`") + '"'
