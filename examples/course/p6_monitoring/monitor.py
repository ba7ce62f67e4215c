"""What a machine does: processor, memory, disk, network and temperature, by psutil, as points for the hub.

Iterator and strategy, as the design patterns call them: `PROBES` is a table of functions that measure one
thing each. The program goes through it and need not know what is in it; one more is one more line.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping

import psutil

from heliograph import App, Point, duration

Probe = Callable[[], Mapping[str, float]]

MIB = 1024 * 1024

app = App("monitor", description="Watches this machine.")
app.option("--interval", type=duration, default="1s", help="time between two values")
app.option("--disk", default="/", help="a folder on the disk to watch")
app.option(
    "--busy", type=float, default=90.0, min=0, max=100, help="% of the processor that is worth a warning"
)


def processor() -> Mapping[str, float]:
    one_minute, _, _ = psutil.getloadavg()
    return {"percent": psutil.cpu_percent(), "load1": round(one_minute, 2)}


def memory() -> Mapping[str, float]:
    used = psutil.virtual_memory()
    return {"percent": used.percent, "free_mib": used.available / MIB}


def disk() -> Mapping[str, float]:
    used = psutil.disk_usage(app.options.disk)
    return {"percent": used.percent, "free_mib": used.free / MIB}


def temperature() -> Mapping[str, float]:
    """Each chip that has a sensor; a laptop in a virtual machine has none."""
    chips: Mapping[str, list[tuple[str, float]]] = getattr(psutil, "sensors_temperatures", dict)()
    return {name: readings[0][1] for name, readings in chips.items() if readings}


class Network:
    """Bytes in a second, from counters that only grow. It remembers, so it is an object and no function."""

    def __init__(self) -> None:
        self._last = psutil.net_io_counters()
        self._at = time.monotonic()

    def __call__(self) -> Mapping[str, float]:
        now, at = psutil.net_io_counters(), time.monotonic()
        seconds = max(at - self._at, 0.001)
        received = (now.bytes_recv - self._last.bytes_recv) / seconds
        sent = (now.bytes_sent - self._last.bytes_sent) / seconds
        self._last, self._at = now, at
        return {"received_bytes_s": received, "sent_bytes_s": sent}


PROBES: dict[str, Probe] = {
    "processor": processor,
    "memory": memory,
    "disk": disk,
    "temperature": temperature,
    "network": Network(),
}


def measured() -> Iterator[Point]:
    """Yield a point of each probe that has something to say."""
    for name, probe in PROBES.items():
        fields = probe()
        if fields:
            yield Point(f"monitor_{name}", fields, {})


@app.every("{interval}")
def watch(busy: float) -> list[Point]:
    """Measure everything, with one time for all."""
    points = list(measured())
    percent = float(points[0].fields["percent"])
    if percent > busy:
        app.log.warning("the processor is busy", extra={"percent": percent})
    return points


@app.command("top")
def top(count: int = 3) -> list[dict[str, object]]:
    """Answer which programs have the most memory: cmd/<device>/monitor/top."""
    running = psutil.process_iter(["pid", "name", "memory_percent"])
    by_memory = sorted(running, key=lambda each: each.info["memory_percent"] or 0.0, reverse=True)
    return [dict(each.info) for each in by_memory[:count]]


if __name__ == "__main__":
    app.run()
