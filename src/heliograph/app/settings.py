"""How an app runs: where its broker and its folder are, under which name, with which options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from heliograph.transport.mqtt_client_settings import MqttSettings
from heliograph.transport.spool.settings import SpoolSettings


@dataclass(frozen=True, slots=True)
class RunSettings:
    """All that an app needs to be told to run."""

    device: str
    """The device id in topics, ``[A-Za-z0-9_-]{1,64}``."""
    mqtt: MqttSettings = field(default_factory=MqttSettings)
    """Broker and login; client id, session and will are the app's own affair."""
    folder: Path | None = None
    """Where state and spool are; None: nowhere, both live as long as the program."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """The options that were set here, by name."""
    spool: SpoolSettings = field(default_factory=SpoolSettings)
    log_to_hub: str | None = None
    """The least level of log lines that go to the hub; None: none do."""
    stop_patience: float = 5.0
    """Seconds that the end may take for what is still to be sent."""
