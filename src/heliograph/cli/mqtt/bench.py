"""What ``helio bench mqtt`` does: publishers and subscribers as processes, their figures as a table."""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import shutil
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from heliograph.cli.mqtt.bench_mosquitto import mosquitto_publishers, mosquitto_subscribers
from heliograph.cli.mqtt.bench_worker import errors_alone
from heliograph.cli.mqtt.settings import Limits, settings_from
from heliograph.errors import ConfigError, Unreachable
from heliograph.model.topic_filter import check_topic
from heliograph.transport.mqtt_client import MqttClient, running
from heliograph.transport.mqtt_client_settings import MqttSettings

_QUIET: Final = 5.0
_START: Final = 30.0
_END: Final = 5.0
_BARS: Final = 40


@dataclass(frozen=True, slots=True)
class Load:
    """What one measurement sends."""

    topic: str
    publishers: int
    subscribers: int
    count: int
    size_bytes: int
    qos: int
    rate: float
    """Messages in a second in all, 0 for as fast as it goes."""
    max_in_flight: int

    @property
    def quiet_s(self) -> float:
        """Seconds without a message after which the rest is held to be lost."""
        return _QUIET + (self.publishers / self.rate if self.rate else 0.0)

    def share(self, publisher: int) -> int:
        """Return how many messages the publisher of this number sends, counted from 0."""
        return self.count // self.publishers + (publisher < self.count % self.publishers)


@dataclass(slots=True)
class Outcome:
    """What one measurement found. Times are of the system's clock, nanoseconds."""

    peer: str
    sent: int = 0
    received: int = 0
    wanted: int = 0
    publish_s: float = 0.0
    receive_s: float = 0.0
    latencies_us: dict[int, int] = field(default_factory=dict)
    """How many messages took up to so many microseconds."""

    @property
    def published_per_s(self) -> float:
        """Messages that publishers had acknowledged, or given to the system, in a second."""
        return self.sent / self.publish_s if self.publish_s else 0.0

    @property
    def received_per_s(self) -> float:
        """Messages that came, at all subscribers together, in a second."""
        return self.received / self.receive_s if self.receive_s else 0.0

    def latency_us(self, share: float) -> int:
        """Return the time that this share of the messages did not exceed."""
        seen, wanted = 0, share * self.received
        for bound, count in sorted(self.latencies_us.items()):
            seen += count
            if seen >= wanted:
                return bound
        return 0


async def measure_all(args: argparse.Namespace, peers: list[str]) -> int:
    """Measure, print, and return 1 when a message is missing."""
    settings = settings_from(args)
    check_topic(args.topic)
    if "mosquitto" in peers and shutil.which("mosquitto_pub") is None:
        raise ConfigError(
            "mosquitto_pub is not installed: apt install mosquitto-clients, or leave that peer out"
        )
    async with running(MqttClient(settings)):  # says what is wrong before anything is started
        pass
    rounds: dict[str, list[Outcome]] = {peer: [] for peer in peers}
    for number in range(args.rounds):
        for peer in reversed(rounds) if number % 2 else rounds:
            rounds[peer].append(await _measure(peer, settings, _load(args)))
    outcomes = [_median(each) for each in rounds.values()]
    if args.json:
        print(json.dumps([_figures(outcome) for outcome in outcomes], indent=2))
    else:
        _print(outcomes)
        _print_histogram(outcomes[-1])
    return int(any(each.received < each.wanted for several in rounds.values() for each in several))


def _load(args: argparse.Namespace) -> Load:
    return Load(
        f"{args.topic}/{secrets.token_hex(4)}",
        args.publishers,
        args.subscribers,
        args.count,
        args.size,
        args.qos,
        args.rate or 0.0,
        Limits.of(args).max_in_flight,
    )


def _median(several: list[Outcome]) -> Outcome:
    """Return the outcome in the middle, by what came in a second; one with messages missing before that."""
    missing = [each for each in several if each.received < each.wanted]
    return (missing or sorted(several, key=lambda each: each.received_per_s))[
        (len(missing or several) - 1) // 2
    ]


async def _measure(peer: str, settings: MqttSettings, load: Load) -> Outcome:
    outcome = Outcome(peer, wanted=load.count * load.subscribers)
    if peer == "mosquitto":
        async with mosquitto_subscribers(settings, load) as heard:
            with errors_alone():
                async with asyncio.TaskGroup() as tasks:  # who is not read stops, and its messages wait
                    reading = tasks.create_task(heard.result())
                    said = await mosquitto_publishers(settings, load, heard)
            got = reading.result()
    else:
        async with _worker("subscribe", peer, settings, load) as subscribers:
            async with asyncio.timeout(_START):
                await subscribers.line()  # subscribed
            async with _worker("publish", peer, settings, load) as publishers:
                said = await publishers.line()
            got = await subscribers.line()
    outcome.sent, outcome.publish_s = said["sent"], said["seconds"]
    outcome.received, outcome.receive_s = got["received"], got["seconds"]
    outcome.latencies_us = {int(bound): count for bound, count in got["latencies_us"].items()}
    return outcome


class Worker:
    """A child process of ours that does one side of the load and prints its figures as JSON."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def line(self) -> dict[str, Any]:
        """Return the next line that it prints.

        Raises:
            Unreachable: it ended instead.
        """
        assert self._process.stdout is not None  # noqa: S101  for mypy: it was asked for
        line = await self._process.stdout.readline()
        if not line:
            raise Unreachable("helio bench", "a process of the bench ended early; see its words above")
        said: dict[str, Any] = json.loads(line)
        return said


@asynccontextmanager
async def _worker(role: str, peer: str, settings: MqttSettings, load: Load) -> AsyncIterator[Worker]:
    """Start a worker, which gets its task over its standard input: the password is in it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "heliograph.cli.mqtt.bench_worker"), stdin=PIPE, stdout=PIPE
    )
    try:
        assert process.stdin is not None  # noqa: S101  for mypy: it was asked for
        task = {"role": role, "peer": peer, "settings": _plain(settings), "load": asdict(load)}
        process.stdin.write(json.dumps(task).encode() + b"\n")
        await process.stdin.drain()
        yield Worker(process)
        with suppress(TimeoutError):
            async with asyncio.timeout(_END):  # it ends by itself now
                await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _plain(settings: MqttSettings) -> dict[str, Any]:
    return asdict(settings) | {"version": settings.version.value, "will": None, "client_id": None}


def _figures(outcome: Outcome) -> dict[str, Any]:
    return {
        "peer": outcome.peer,
        "sent": outcome.sent,
        "received": outcome.received,
        "missing": outcome.wanted - outcome.received,
        "published_per_s": round(outcome.published_per_s),
        "received_per_s": round(outcome.received_per_s),
        "latency_us": {
            name: outcome.latency_us(share)
            for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0))
        },
    }


def _print(outcomes: list[Outcome]) -> None:
    print("client      sent/s  received/s  missing   p50 ms   p90 ms   p99 ms   max ms")
    for outcome in outcomes:
        times = "".join(f"{outcome.latency_us(share) / 1000:9.2f}" for share in (0.5, 0.9, 0.99, 1.0))
        missing = outcome.wanted - outcome.received
        rates = f"{outcome.published_per_s:8,.0f}{outcome.received_per_s:12,.0f}"
        print(f"{outcome.peer:<10}{rates}{missing:9,}{times}")


def _print_histogram(outcome: Outcome) -> None:
    """Print how long messages took, by powers of two."""
    decades: dict[int, int] = {}
    for bound, count in outcome.latencies_us.items():
        power = max(bound - 1, 1).bit_length()
        decades[power] = decades.get(power, 0) + count
    print(f"\nup to ms, {outcome.peer}:")
    most = max(decades.values(), default=1)
    for power in range(min(decades, default=0), max(decades, default=-1) + 1):
        count = decades.get(power, 0)
        print(f"{2**power / 1000:10.3f} {'█' * round(_BARS * count / most):<{_BARS}} {count:,}")
