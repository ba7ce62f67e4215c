"""``temp``: the temperatures that the kernel knows, in degrees Celsius."""

from __future__ import annotations

from collections.abc import Iterator

from heliograph.inputs.roots import REAL_ROOTS, Roots, list_names, read_text_or_none
from heliograph.model.point import Point


class TempInput:
    """One point per sensor: of hwmon, or where there is none of the thermal zones, as Telegraf does."""

    def __init__(self, *, roots: Roots = REAL_ROOTS) -> None:
        self._class = f"{roots.sys}/class"

    def gather(self) -> list[Point]:
        """Return a point with the tag sensor for each that answers; none on a machine without sensors."""
        readings = list(self._hwmon()) or list(self._thermal_zones())
        return [Point("temp", {"temp": celsius}, {"sensor": sensor}) for sensor, celsius in readings]

    def _hwmon(self) -> Iterator[tuple[str, float]]:
        for chip in list_names(f"{self._class}/hwmon"):
            folder = f"{self._class}/hwmon/{chip}"
            for name in list_names(folder):
                if not (name.startswith("temp") and name.endswith("_input")):
                    continue
                celsius = _celsius(f"{folder}/{name}")
                if celsius is not None:
                    label = read_text_or_none(f"{folder}/{name.removesuffix('_input')}_label")
                    yield _sensor(read_text_or_none(f"{folder}/name") or chip, label), celsius

    def _thermal_zones(self) -> Iterator[tuple[str, float]]:
        for zone in list_names(f"{self._class}/thermal"):
            folder = f"{self._class}/thermal/{zone}"
            kind = read_text_or_none(f"{folder}/type") if zone.startswith("thermal_zone") else None
            celsius = _celsius(f"{folder}/temp") if kind else None
            if kind and celsius is not None:
                yield kind, celsius


def _sensor(chip: str, label: str | None) -> str:
    return f"{chip}_{label.lower().replace(' ', '_')}" if label else chip


def _celsius(path: str) -> float | None:
    text = read_text_or_none(path)  # a sensor that sleeps answers with an error: it is left out this time
    return int(text) / 1000.0 if text else None
