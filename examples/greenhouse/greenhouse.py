"""A greenhouse: an LM75 on the I2C bus measures the temperature, a fan on a GPIO cools.

On the board:  pip install heliograph smbus2 gpiozero lgpio
               python greenhouse.py --hub my-laptop
Anywhere:      python greenhouse.py --simulate

Strategy, as the design patterns call it: `Lm75` and `Simulated` measure each in their own way, and the rest
of the program does not know which one is at work.
"""

from __future__ import annotations

import random
from typing import Any, Protocol

from heliograph import App, Fields, duration

app = App("greenhouse", description="Measures the temperature and cools with a fan.")
app.option("--interval", type=duration, default="1s", help="time between two values")
app.option("--address", type=lambda text: int(text, 0), default="0x48", help="of the sensor on the bus")
app.option("--fan-pin", type=int, default=18, min=0, max=27, remote=False, help="GPIO of the fan")
app.option("--too-warm", type=float, default=28.0, help="temperature at which the fan starts, in °C")
app.option("--simulate", type=bool, help="invent values: no sensor and no fan are needed")


class Sensor(Protocol):
    """What measures."""

    def celsius(self) -> float:
        """Measure once; may take its time."""
        ...


class Lm75:
    """The sensor on the bus. Its driver blocks, so it is called in plain functions only."""

    def __init__(self, address: int) -> None:
        from smbus2 import SMBus  # type: ignore[import-not-found]  # a driver of the board, none of ours

        self._bus, self._address = SMBus(1), address

    def celsius(self) -> float:
        word: int = self._bus.read_word_data(self._address, 0)
        raw = (word & 0xFF) << 8 | word >> 8  # the bus has the low byte first, the sensor the high one
        return ((raw ^ 0x8000) - 0x8000 >> 5) * 0.125


class Simulated:
    """A greenhouse that somebody heats."""

    def __init__(self) -> None:
        self._celsius = 20.0

    def celsius(self) -> float:
        self._celsius += random.uniform(0.0, 0.2) - 0.5 * greenhouse.speed
        return round(self._celsius, 3)


class Greenhouse:
    """What the program has in its hands while it runs."""

    sensor: Sensor
    fan: Any = None
    speed = 0.0

    def blow(self, speed: float) -> None:
        """Set the fan; 0 is off, 1 is as fast as it goes."""
        self.speed = speed
        if self.fan is not None:
            self.fan.value = speed


greenhouse = Greenhouse()


@app.start
def open_devices(simulate: bool, address: int, fan_pin: int) -> None:
    greenhouse.blow(0.0)
    if simulate:
        greenhouse.sensor = Simulated()
        return
    from gpiozero import PWMOutputDevice  # type: ignore[import-not-found]  # as above

    greenhouse.sensor, greenhouse.fan = Lm75(address), PWMOutputDevice(fan_pin)


@app.every("{interval}")
def climate(too_warm: float) -> Fields:
    """The temperature, and what is done about it."""
    celsius = greenhouse.sensor.celsius()
    if app.state.get("automatic", True):
        greenhouse.blow(1.0 if celsius > too_warm else 0.0)
    return {"temperature": celsius, "fan": greenhouse.speed}


@app.command("fan")
def fan(speed: float) -> Fields:
    """Set the fan by hand, from 0 to 1."""
    if not 0.0 <= speed <= 1.0:
        raise ValueError(f"the speed is from 0 to 1, {speed:g} came")
    app.state["automatic"] = False
    greenhouse.blow(speed)
    return {"fan": speed}


@app.command("automatic")
def automatic() -> None:
    """Let the program set the fan again."""
    app.state["automatic"] = True


@app.stop
def stop_the_fan() -> None:
    greenhouse.blow(0.0)


if __name__ == "__main__":
    app.run()
