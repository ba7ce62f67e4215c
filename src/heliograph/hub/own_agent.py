"""This machine's own agent inside the hub, on the same way as any other: MQTT."""

from __future__ import annotations

from dataclasses import replace

from heliograph.agent.run import open_agent
from heliograph.agent.settings import AgentSettings
from heliograph.config.tree import Settings
from heliograph.hub.home import Home
from heliograph.transport.mqtt import MqttPublisher
from heliograph.transport.mqtt_link import MqttEndpoint


async def run_own_agent(settings: Settings, endpoint: MqttEndpoint, home: Home) -> None:
    """Gather this machine's figures until cancelled, unless that is switched off."""
    chosen = settings.agent
    if not chosen.enabled:
        return
    gathers = AgentSettings(
        interval=chosen.interval, jitter=chosen.jitter, host_name=chosen.host_name, tags=dict(chosen.tags)
    )
    if chosen.inputs:
        gathers = replace(gathers, inputs=chosen.inputs)
    publisher = MqttPublisher.for_device(endpoint, gathers.device)
    await open_agent(gathers, publisher, home.spool).run()
