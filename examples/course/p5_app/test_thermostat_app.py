"""A day of the thermostat in less than a second: no board, no broker, no waiting."""

from __future__ import annotations

from pathlib import Path

import pytest
from sensors import Sensor, lm75_celsius, opened
from thermostat_app import app, thermostat

from heliograph.errors import ConfigError, HubError
from heliograph.testing import AppTest


class Falling:
    """A sensor of which we know what it says: 22.0, 21.9, 21.8 and so on."""

    def __init__(self) -> None:
        self._said = 22.1

    def celsius(self) -> float:
        self._said -= 0.1
        return round(self._said, 1)


def test_it_heats_when_it_becomes_cold() -> None:
    with AppTest(app, simulate=True, interval="10s") as test:
        sensor: Sensor = Falling()
        thermostat.sensor = sensor
        before = len(test.points)
        test.advance("5m")
        heated = {point.fields["temperature"]: point.fields["heating"] for point in test.points[before:]}
        assert heated[20.8] is False
        assert heated[20.6] is True


def test_off_is_off_also_after_a_restart(tmp_path: Path) -> None:
    with AppTest(app, tmp_path, simulate=True) as test:
        assert test.command("power", False) == {"power": False}
    with AppTest(app, tmp_path, simulate=True, target=35) as test:
        test.advance("1m")
        assert {point.fields["heating"] for point in test.points} == {False}


def test_a_wrong_command_changes_nothing_and_is_told() -> None:
    with AppTest(app, simulate=True) as test, pytest.raises(HubError, match="maybe"):
        test.command("power", "maybe")


def test_the_hub_sets_the_target() -> None:
    with AppTest(app, simulate=True) as test:
        test.configure(target=30)
        test.advance("2s")
        assert test.points[-1].fields["target"] == 30


def test_nothing_is_missing_after_a_night_without_the_network(tmp_path: Path) -> None:
    with AppTest(app, tmp_path, simulate=True, interval="10s") as test:
        test.disconnect()
        test.advance("8h")
        test.connect()
        test.advance("10s")
        assert len({point.time_ns for point in test.points}) == 8 * 360 + 2


@pytest.mark.parametrize(
    ("word", "celsius"), [(0x0000, 0.0), (0x0019, 25.0), (0x2019, 25.125), (0x00E7, -25.0)]
)
def test_what_an_lm75_means(word: int, celsius: float) -> None:
    assert lm75_celsius(word) == celsius


def test_a_missing_library_is_told_with_the_way_out() -> None:
    with pytest.raises(ConfigError, match="pip install adafruit-blinka, or start with --simulate"):
        opened("bme280", simulate=False)
