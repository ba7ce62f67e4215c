"""``cpu_temperature``: the processor's temperature as the well-known Raspberry Pi dashboard wants it."""

from __future__ import annotations

from dataclasses import dataclass

from heliograph.inputs.roots import REAL_ROOTS, Roots, read_text_or_none
from heliograph.model.point import Point


@dataclass(frozen=True, slots=True)
class CpuTemperatureConfig:
    """Where ``cpu_temperature`` is read."""

    zone: str = "thermal_zone0"
    """The thermal zone below ``/sys/class/thermal``; zone 0 is the processor on a Raspberry Pi."""


class CpuTemperatureInput:
    """One point with the integer ``value`` in thousandths of a degree Celsius, as the kernel gives it.

    Source: the Telegraf configuration that the author of Grafana dashboard 10578 publishes with it
    (``inputs.file``, ``data_type = "integer"``); its panel divides by 1000.
    """

    def __init__(self, config: CpuTemperatureConfig | None = None, *, roots: Roots = REAL_ROOTS) -> None:
        self._path = f"{roots.sys}/class/thermal/{(config or CpuTemperatureConfig()).zone}/temp"

    def gather(self) -> list[Point]:
        """Return one point without tags, none on a machine without that zone."""
        text = read_text_or_none(self._path)
        return [Point("cpu_temperature", {"value": int(text)}, {})] if text else []
