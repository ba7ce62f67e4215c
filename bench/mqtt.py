"""Many devices that each publish one small message a second: when is an acknowledged point visible?

The first half of the time a reader asks the hub, as often as it gets answers, for the latest point of
every device; the second half nobody asks, and the processor time of hub and broker is taken.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final

from bench.ingest import quantile
from bench.mqtt_client import Publisher
from bench.peers import Hub, ServerFailed
from bench.processes import cpu_seconds, name_of

PERIOD: Final = 1.0
VISIBLE_TIMEOUT: Final = 15.0
_POLL: Final = 0.02
_CONNECTING_AT_ONCE: Final = 50
_WINDOW_MS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Visibility:
    """The figures of one run."""

    devices: int
    messages: int
    puback_p50_ms: float
    puback_p99_ms: float
    visible_p50_ms: float
    """From an acknowledgement to the answer that shows the point, or 0 where that came first."""
    visible_p99_ms: float
    poll_ms: float
    """Median time between two looks: what the figures above can be too large by."""
    cpu_percent: dict[str, float]
    """Of one core, by process, while nobody asks."""
    stored: int
    """Points that the hub had at the end; must be as many as messages."""


@dataclass(slots=True)
class _Run:
    """What is noted while devices publish; a point is known by its device and number."""

    devices: int
    gate: asyncio.Semaphore
    """How many may connect at once."""
    ready: asyncio.Barrier
    """Nobody publishes before all are connected."""
    acked_at: dict[tuple[str, int], float] = field(default_factory=dict)
    visible_at: dict[tuple[str, int], float] = field(default_factory=dict)
    newest: dict[str, int] = field(default_factory=dict)
    puback_ms: list[float] = field(default_factory=list)
    looks: list[float] = field(default_factory=list)
    looking: bool = True
    cpu_percent: dict[str, float] = field(default_factory=dict)


def measure(hub: Hub, devices: int, seconds: float) -> Visibility:
    """Publish for so many seconds to a hub that runs.

    Raises:
        ServerFailed: acknowledged points are missing some seconds after the last one.
    """
    return asyncio.run(_measure(hub, devices, seconds))


async def _measure(hub: Hub, devices: int, seconds: float) -> Visibility:
    run = _Run(devices, asyncio.Semaphore(_CONNECTING_AT_ONCE), asyncio.Barrier(devices + 1))
    rounds = max(4, round(seconds / PERIOD))
    async with asyncio.TaskGroup() as tasks:
        for number in range(devices):
            tasks.create_task(_device(hub, run, number, rounds))
        await run.ready.wait()
        looking = tasks.create_task(_look(hub, run))
        await asyncio.sleep(rounds * PERIOD / 2)
        run.looking = False
        await looking
        await _take_cpu(hub, run, rounds * PERIOD / 2 - PERIOD)
    stored = await asyncio.to_thread(_wait_stored, hub, devices * rounds)
    return _figures(run, stored)


async def _device(hub: Hub, run: _Run, number: int, rounds: int) -> None:
    device = f"bench-{number:04d}"
    async with AsyncExitStack() as connected:
        async with run.gate:
            publisher = await connected.enter_async_context(Publisher(hub.mqtt_port, device))
        await run.ready.wait()
        # spread over the period, as clocks of real devices are
        began = time.monotonic() + number / run.devices * PERIOD
        for count in range(rounds):
            await asyncio.sleep(max(0.0, began + count * PERIOD - time.monotonic()))
            await _publish(publisher, run, device, count)


async def _publish(publisher: Publisher, run: _Run, device: str, number: int) -> None:
    line = f"bench,host={device} number={number}i,value={number / 7:.3f} {time.time_ns()}"
    sent = time.monotonic()
    await publisher.publish(f"tel/{device}/lp", line.encode())
    acked = time.monotonic()
    run.acked_at[device, number] = acked
    run.puback_ms.append(1000 * (acked - sent))


async def _look(hub: Hub, run: _Run) -> None:
    while run.looking:
        newest = await asyncio.to_thread(_newest, hub)
        now = time.monotonic()
        run.looks.append(now)
        for device, number in newest.items():
            for shown in range(run.newest.get(device, -1) + 1, number + 1):
                run.visible_at[device, shown] = now
            run.newest[device] = max(number, run.newest.get(device, -1))
        await asyncio.sleep(_POLL)


def _newest(hub: Hub) -> dict[str, int]:
    """Return the latest number that the hub shows of every device."""
    now_ms = time.time_ns() // 1_000_000
    newest: dict[str, int] = {}
    for device, values in _asked(hub, now_ms - _WINDOW_MS, now_ms + _WINDOW_MS, "last").items():
        newest[device] = max(int(value) for value in values)
    return newest


def _asked(hub: Hub, start_ms: int, end_ms: int, function: str) -> dict[str, list[float]]:
    query = {"measurement": "bench", "fields": ["number"], "fn": function, "group_by": ["host"]}
    span = {"start_ms": start_ms, "end_ms": end_ms, "interval_ms": end_ms - start_ms}
    answer = json.loads(hub.ask("POST", "/api/query", json.dumps(span | {"queries": [query]}).encode()))
    (result,) = answer["results"]
    return {
        series["tags"]["host"]: [value for value in series["values"] if value is not None]
        for series in result.get("series", ())
    }


async def _take_cpu(hub: Hub, run: _Run, seconds: float) -> None:
    processes = hub.processes
    before = {pid: cpu_seconds([pid]) for pid in processes}
    began = time.monotonic()
    await asyncio.sleep(seconds)
    elapsed = time.monotonic() - began
    for pid in processes:
        name = "hub" if pid == processes[0] else name_of(pid)
        run.cpu_percent[name] = 100 * (cpu_seconds([pid]) - before[pid]) / elapsed


def _wait_stored(hub: Hub, wanted: int) -> int:
    deadline = time.monotonic() + VISIBLE_TIMEOUT
    now_ms = time.time_ns() // 1_000_000
    hour_ms = 3_600_000
    while True:
        counts = _asked(hub, now_ms - hour_ms, now_ms + hour_ms, "count")
        stored = int(sum(sum(values) for values in counts.values()))
        if stored == wanted:
            return stored
        if time.monotonic() > deadline:
            raise ServerFailed(f"{wanted} messages were acknowledged, the hub has {stored} points")
        time.sleep(_POLL)


def _figures(run: _Run, stored: int) -> Visibility:
    waits_ms = [
        1000 * max(0.0, seen - run.acked_at[point])
        for point, seen in run.visible_at.items()
        if point in run.acked_at
    ]
    between = [1000 * (later - earlier) for earlier, later in zip(run.looks, run.looks[1:], strict=False)]
    return Visibility(
        devices=run.devices,
        messages=len(run.acked_at),
        puback_p50_ms=statistics.median(run.puback_ms),
        puback_p99_ms=quantile(run.puback_ms, 0.99),
        visible_p50_ms=statistics.median(waits_ms),
        visible_p99_ms=quantile(waits_ms, 0.99),
        poll_ms=statistics.median(between),
        cpu_percent=run.cpu_percent,
        stored=stored,
    )
