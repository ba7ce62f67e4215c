"""The thermostat again, now with `heliograph.App`: what was hard in practical 4 is done there.

On the board:  python thermostat_app.py --hub my-laptop
Anywhere:      python thermostat_app.py --simulate

Façade, as the design patterns call it: behind `App` are the connection that comes back, the queue on disk,
options, commands with answers, presence, and the end on SIGTERM. `@app.every` and `@app.command` are
decorators; `open_sensor` chooses a strategy.
"""

from __future__ import annotations

from sensors import SENSORS, Sensor, Simulated, opened

from heliograph import App, Fields, duration

TOLERANCE = 0.3

app = App("thermostat", description="Measures a temperature and holds it.")
app.option("--interval", type=duration, default="1s", help="time between two values")
app.option("--target", type=float, default=21.0, min=5, max=80, help="°C to hold; a processor is at 50")
app.option("--sensor", choices=list(SENSORS), default="processor", remote=False, help="what measures")
app.option("--simulate", type=bool, help="invent temperatures: no sensor is needed")


class Thermostat:
    """What the program has in its hands while it runs."""

    sensor: Sensor = Simulated()
    heating = False


thermostat = Thermostat()


@app.start
def open_sensor(sensor: str, simulate: bool) -> None:
    thermostat.sensor = opened(sensor, simulate=simulate)


@app.every("{interval}")
def climate(target: float) -> Fields:
    """Measure, decide, and tell; a plain function, as drivers block."""
    celsius = thermostat.sensor.celsius()
    if not app.state.get("power", True):
        thermostat.heating = False
    elif celsius < target - TOLERANCE:
        thermostat.heating = True
    elif celsius > target + TOLERANCE:
        thermostat.heating = False
    return {"temperature": celsius, "target": target, "heating": thermostat.heating}


@app.command("power")
def switch(on: bool) -> Fields:
    """Switch it on or off; it remembers that over a restart."""
    app.state["power"] = on
    return {"power": on}


@app.stop
def leave_it_cold() -> None:
    thermostat.heating = False


if __name__ == "__main__":
    app.run()
