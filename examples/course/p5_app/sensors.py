"""Sensors of temperature behind one face, each with the driver library that one likes.

Strategy, as the design patterns call it: the program measures, and need not know with what. Adapter: each
library has words of its own for the same thing; the classes here translate them into `celsius()`.

A library is imported when its sensor is chosen, so that nobody must install what is not used.
"""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable
from typing import Any, Final, Protocol

from heliograph.errors import ConfigError


class Sensor(Protocol):
    """What measures. A driver may block: call it in plain functions, which have threads of their own."""

    def celsius(self) -> float:
        """Measure once."""
        ...


class Simulated:
    """No sensor at all: a temperature that wanders. Only --simulate chooses it."""

    def __init__(self) -> None:
        self._celsius = 21.0

    def celsius(self) -> float:
        self._celsius += random.uniform(-0.2, 0.2) + (21.0 - self._celsius) * 0.05
        return round(self._celsius, 2)


class Processor:
    """The board's own processor, by gpiozero: on every Raspberry Pi, without a single wire."""

    def __init__(self) -> None:
        self._processor = driver("gpiozero", "gpiozero").CPUTemperature()

    def celsius(self) -> float:
        return float(self._processor.temperature)


class Lm75:
    """An LM75 or TMP102 at address 0x48 of bus 1, by smbus2."""

    def __init__(self) -> None:
        self._bus = driver("smbus2", "smbus2").SMBus(1)

    def celsius(self) -> float:
        return lm75_celsius(self._bus.read_word_data(0x48, 0))


class Bme280:
    """A BME280 on the I2C bus, by Blinka, the layer under CircuitPython's drivers."""

    def __init__(self) -> None:
        board = driver("board", "adafruit-blinka")
        module = driver("adafruit_bme280.basic", "adafruit-circuitpython-bme280")
        self._chip = module.Adafruit_BME280_I2C(board.I2C())

    def celsius(self) -> float:
        return float(self._chip.temperature)


SENSORS: Final[dict[str, Callable[[], Sensor]]] = {"processor": Processor, "lm75": Lm75, "bme280": Bme280}
"""The sensors by the names that --sensor takes."""


def lm75_celsius(word: int) -> float:
    """Return what an LM75 means: 11 bits with a sign, each 1/8 °C; the bus gives the low byte first."""
    raw = (word & 0xFF) << 8 | word >> 8
    return ((raw ^ 0x8000) - 0x8000 >> 5) * 0.125


def driver(module: str, package: str) -> Any:
    """Return a driver library, or say how to get it: an error of heliograph's is told in one line."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ConfigError(
            f"this sensor needs {package} ({error}): pip install {package}, or start with --simulate"
        ) from error


def opened(name: str, *, simulate: bool) -> Sensor:
    """Return a sensor that has measured once.

    Raises:
        ConfigError: its library is missing, or it does not answer.
    """
    try:
        sensor = Simulated() if simulate else SENSORS[name]()
        sensor.celsius()
    except (OSError, ValueError) as error:  # what drivers raise when there is no bus, no chip, no Pi
        raise ConfigError(
            f"the sensor {name} does not answer ({error}): check its wires and `sudo raspi-config`, "
            "or start with --simulate"
        ) from error
    return sensor
