"""Measure what `heliograph.App` costs over a bare loop of aiomqtt, side by side on one broker.

Starts Mosquitto on a free port unless ``--broker`` names one. Each round runs both, in turns, with the same
QoS and as many messages under way; the table shows medians, and the median of the rounds' ratios. The exit
status is 0 unless something could not be measured.

    python -m bench.app
    python -m bench.app --messages 20000 --rounds 7
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import secrets
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiomqtt

from heliograph import App, Message
from heliograph.app.settings import RunSettings
from heliograph.transport.mqtt_client import MAX_IN_FLIGHT
from heliograph.transport.mqtt_client_settings import MqttSettings

PAYLOAD = b"x" * 100
BUDGET = 1.15
PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Broker:
    """Where both go."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What a number of messages took."""

    seconds: float
    cpu_seconds: float


class Stopwatch:
    """Measures wall and processor time of this process between `start` and `stop`."""

    def start(self) -> None:
        self._began, self._cpu = time.perf_counter(), time.process_time()

    def stop(self) -> None:
        self.cost = Cost(time.perf_counter() - self._began, time.process_time() - self._cpu)


async def spread(tasks: int, messages: int, publish: Callable[[], Awaitable[object]]) -> None:
    """Publish so many messages with so many tasks."""

    async def some() -> None:
        for _ in range(messages // tasks):
            await publish()

    async with asyncio.TaskGroup() as group:
        for _ in range(tasks):
            group.create_task(some())


async def bare_publish(broker: Broker, messages: int, qos: int, tasks: int) -> Cost:
    watch = Stopwatch()
    async with aiomqtt.Client(broker.host, broker.port, max_inflight_messages=MAX_IN_FLIGHT) as client:
        client.pending_calls_threshold = 1_000
        watch.start()
        await spread(tasks, messages, lambda: client.publish("bench/x", PAYLOAD, qos))
        watch.stop()
    return watch.cost


async def app_publish(broker: Broker, messages: int, qos: int, tasks: int) -> Cost:
    app, watch = App("bench", device="bench"), Stopwatch()

    @app.task
    async def publish() -> None:
        await app.wait_connected()
        watch.start()
        await spread(tasks, messages, lambda: app.publish("bench/x", PAYLOAD, qos=qos))
        watch.stop()

    await serve(app, broker)
    return watch.cost


async def bare_receive(broker: Broker, messages: int, qos: int, _: int) -> Cost:
    name, watch = f"bench-{secrets.token_hex(4)}", Stopwatch()
    async with aiomqtt.Client(broker.host, broker.port, identifier=name, clean_session=False) as client:
        await client.subscribe("bench/in", qos)
    await fill(broker, messages, qos)
    watch.start()
    async with aiomqtt.Client(broker.host, broker.port, identifier=name, clean_session=False) as client:
        count = 0
        async for _message in client.messages:
            count += 1
            if count == messages:
                break
        watch.stop()
    return watch.cost


async def app_receive(broker: Broker, messages: int, qos: int, _: int) -> Cost:
    app, watch, count = App("bench", device=f"bench-{secrets.token_hex(4)}"), Stopwatch(), 0

    @app.on("bench/in", qos=qos, queue=1_000)
    async def take(_message: Message) -> None:
        nonlocal count
        count += 1
        if count == messages:
            watch.stop()
            app.quit()

    client = aiomqtt.Client(broker.host, broker.port, identifier=f"{app.device}-bench", clean_session=False)
    async with client:
        await client.subscribe("bench/in", qos)
    await fill(broker, messages, qos)
    watch.start()
    await serve(app, broker)
    return watch.cost


async def fill(broker: Broker, messages: int, qos: int) -> None:
    """Have the broker hold messages for a session that is away."""
    async with aiomqtt.Client(broker.host, broker.port, max_inflight_messages=100) as client:
        client.pending_calls_threshold = 1_000
        await spread(50, messages, lambda: client.publish("bench/in", PAYLOAD, qos))


async def serve(app: App, broker: Broker) -> None:
    with tempfile.TemporaryDirectory(prefix="helio-bench-") as folder:
        settings = RunSettings(app.device, MqttSettings(broker.host, broker.port), Path(folder))
        async with asyncio.timeout(PATIENCE):
            await app.serve(settings)


CASES = {
    "publish QoS 0": (bare_publish, app_publish, 0, 1),
    "publish QoS 1, one at a time": (bare_publish, app_publish, 1, 1),
    "publish QoS 1, 50 tasks": (bare_publish, app_publish, 1, 50),
    "receive QoS 1": (bare_receive, app_receive, 1, 1),
}


def measure(broker: Broker, messages: int, rounds: int) -> Iterator[str]:
    """Yield a line of the table for each case."""
    for name, (bare, ours, qos, tasks) in CASES.items():
        wall: list[tuple[float, float]] = []
        cpu: list[tuple[float, float]] = []
        for number in range(rounds):
            order = [bare, ours] if number % 2 else [ours, bare]
            costs = {run: asyncio.run(run(broker, messages, qos, tasks)) for run in order}
            wall.append((costs[bare].seconds, costs[ours].seconds))
            cpu.append((costs[bare].cpu_seconds, costs[ours].cpu_seconds))
        rates = [messages / statistics.median(each[at] for each in wall) for at in (0, 1)]
        micros = [1e6 * statistics.median(each[at] for each in cpu) / messages for at in (0, 1)]
        ratio = statistics.median(ours / bare for bare, ours in wall)
        ratio_cpu = statistics.median(ours / bare for bare, ours in cpu)
        verdict = "ok" if ratio <= BUDGET else "over"
        yield (
            f"{name:<30} {rates[0]:>9.0f} {rates[1]:>9.0f} {ratio:>7.2f} {verdict:<5}"
            f" {micros[0]:>8.0f} {micros[1]:>8.0f} {ratio_cpu:>7.2f}"
        )


@contextmanager
def mosquitto() -> Iterator[Broker]:
    """Run Mosquitto in memory on a free port."""
    binary = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if binary is None:
        raise SystemExit("there is no mosquitto here: install it, or name a broker with --broker HOST:PORT")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="helio-bench-") as folder:
        config = Path(folder) / "mosquitto.conf"
        config.write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\nmax_queued_messages 0\n"
            "max_inflight_messages 0\n"
        )
        process = subprocess.Popen([binary, "-c", str(config)], stderr=subprocess.DEVNULL)
        try:
            wait_for(port)
            yield Broker("127.0.0.1", port)
        finally:
            process.terminate()
            process.wait(10)


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure App beside a bare loop of aiomqtt.")
    parser.add_argument("--messages", type=int, default=5_000, help="in each round (default: 5000)")
    parser.add_argument("--rounds", type=int, default=5, help="of which the median counts (default: 5)")
    parser.add_argument("--broker", metavar="HOST:PORT", help="otherwise a Mosquitto of its own")
    args = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    print(f"{'':<30} {'aiomqtt':>9} {'App':>9} {'time':>7} {'':<5} {'aiomqtt':>8} {'App':>8} {'CPU':>7}")
    print(f"{'':<30} {'msg/s':>9} {'msg/s':>9} {'ratio':>7} {'':<5} {'us/msg':>8} {'us/msg':>8} {'ratio':>7}")
    if args.broker:
        host, _, port = args.broker.rpartition(":")
        for line in measure(Broker(host, int(port)), args.messages, args.rounds):
            print(line, flush=True)
        return 0
    with mosquitto() as broker:
        for line in measure(broker, args.messages, args.rounds):
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
