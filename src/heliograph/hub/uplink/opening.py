"""The uplink of a hub that is a gateway, made of its settings and of its enrolment."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from heliograph.api.identity.devices import Devices
from heliograph.config.tree import Settings
from heliograph.errors import ConfigError
from heliograph.hub.home import Home
from heliograph.hub.ingest.rules import IngestRules
from heliograph.hub.uplink.hub_rules import FILE as HUB_RULES
from heliograph.hub.uplink.hub_rules import HubRules
from heliograph.hub.uplink.thin_rules import read_rules
from heliograph.hub.uplink.uplink import Uplink
from heliograph.stream.log import StreamLog
from heliograph.transport.enrolment import GATEWAY_FILE, Enrolment, read
from heliograph.transport.mqtt_client_settings import MqttSettings

PLACES: str = "edge.places"


def open_uplink(
    settings: Settings,
    home: Home,
    stream: StreamLog,
    *,
    ingest: IngestRules,
    devices: Devices,
    local: Callable[[], MqttSettings],
) -> Uplink | None:
    """Return the uplink; None where this hub is no gateway.

    Raises:
        ConfigError: it was never enrolled, or its rules make no sense.
    """
    if not settings.edge.enabled:
        return None
    enrolment = _enrolment(home)
    if enrolment is None:
        raise ConfigError(
            "this gateway is not enrolled at a hub. On the hub: helio device enrol NAME --gateway; then here"
            " the command that it prints, which begins with helio edge enrol"
        )
    rules = Path(settings.edge.rules) if settings.edge.rules else home.folder / "edge.toml"
    if settings.edge.rules and not rules.exists():
        raise ConfigError("there is no such file", path=rules, key="edge.rules")
    return Uplink(
        replace(enrolment.settings(), publishes=None),  # a gateway speaks for others, too
        local,
        stream,
        ingest=ingest,
        rules=HubRules(home.folder / HUB_RULES, read_rules(rules)),
        places=home.folder / PLACES,
        payload_bytes=settings.limits.payload_bytes,  # one knows its own: the hub has the same, or more
        devices=lambda: [device.id for device in devices.listed() if device.active],
    )


def _enrolment(home: Home) -> Enrolment | None:
    """Return who this gateway is; systemd hands a service its key in a folder that nobody else can read."""
    handed = os.environ.get("CREDENTIALS_DIRECTORY")
    found = read(Path(handed), GATEWAY_FILE) if handed else None
    return found or read(home.folder, GATEWAY_FILE)
