"""The rules that come with Heliograph, in the order in which they are tried."""

from __future__ import annotations

from typing import Final

from heliograph.codec.ingest.rule import Rule

SHIPPED: Final = (
    Rule("sparkplug", "spBv1.0/#", "sparkplug"),
    Rule("tasmota", "tele/+/+", "tasmota"),
    Rule("zigbee2mqtt", "zigbee2mqtt/#", "zigbee2mqtt"),
    Rule("homie", "homie/#", "homie"),
    Rule("homeassistant", "homeassistant/#", "homeassistant"),
)
