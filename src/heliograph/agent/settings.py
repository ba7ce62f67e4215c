"""What the agent is told."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from heliograph.errors import ConfigError
from heliograph.inputs.registry import BUILT_IN
from heliograph.model.topic import device_id
from heliograph.transport.spool.settings import SpoolSettings

SHORTEST_INTERVAL: Final = 1.0


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """How often, what, and under which name.

    Raises:
        ConfigError: a value out of its range, with the key below ``agent``.
    """

    interval: float = 10.0
    """Seconds between two rounds, at least 1; rounds stand at its multiples on the wall clock."""
    jitter: float = 0.0
    """Each round is late by a random time up to this many seconds, so that many boards do not send at
    once; less than the interval."""
    inputs: tuple[str, ...] = tuple(BUILT_IN)
    """Names of the inputs to gather; all by default, as one without its hardware is silent."""
    host_name: str = ""
    """The tag ``host``, and from it the device id; empty means this machine's name."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags that every point gets unless it has them itself."""
    device_name: str = ""
    """The device id, for a board that is enrolled; empty makes one of the host name."""
    spool: SpoolSettings = field(default_factory=SpoolSettings)
    """How batches wait on disk while the broker is away."""

    def __post_init__(self) -> None:
        if not self.interval >= SHORTEST_INTERVAL:
            raise ConfigError(f"the interval is 1s or more, got {self.interval:g}s", key="agent.interval")
        if not 0 <= self.jitter < self.interval:
            raise ConfigError(
                f"the jitter is at least 0s and less than the interval of {self.interval:g}s, "
                f"got {self.jitter:g}s",
                key="agent.jitter",
            )

    @property
    def host(self) -> str:
        """The name that points carry in the tag ``host``."""
        return self.host_name or socket.gethostname()

    @property
    def device(self) -> str:
        """The device id: the host name with what may not stand in a topic replaced, unless it was given."""
        return self.device_name or device_id(self.host)
