"""What was acknowledged is there after kill -9, and there once.

Two HTTP writers and two MQTT publishers (QoS 1) write points that are all different, and note which of
them were acknowledged. The hub is killed at random moments; after each restart the writers send again
what was not acknowledged, as real clients do.
"""

from __future__ import annotations

import http.client
import os
import random
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import paho.mqtt.client as paho
import psutil
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.real.hub_process import HubProcess

KILLS = int(os.environ.get("HELIO_TEST_KILLS", "20"))
BATCH = 20
PAGE = 50_000
BASE_NS = 1_790_000_000_000_000_000


class Writer(threading.Thread):
    """Sends numbered batches until told to stop; ``acknowledged`` holds the numbers that were."""

    def __init__(self, name: str, sender: HttpSender | MqttSender) -> None:
        super().__init__(name=name, daemon=True)
        self.acknowledged: list[int] = []
        self.stopping = threading.Event()
        self._sender = sender

    def batch(self, number: int) -> bytes:
        """The lines of a batch: a series per writer, a time per point, the value tells which."""
        rows = range(number * BATCH, (number + 1) * BATCH)
        return "\n".join(
            f"load,writer={self.name} value={row}i {BASE_NS + row * 1000}" for row in rows
        ).encode()

    def run(self) -> None:
        number = 0
        while not self.stopping.is_set():
            if self._sender.send(self.batch(number)):
                self.acknowledged.append(number)
                number += 1
            else:
                self.stopping.wait(0.05)
        self._sender.close()


class HttpSender:
    """Posts batches over one connection, made anew when it breaks."""

    def __init__(self, hub: HubProcess) -> None:
        self._hub = hub
        self._headers = {"Authorization": f"Token {hub.token}"}
        self._connection: http.client.HTTPConnection | None = None

    def send(self, body: bytes) -> bool:
        """Send a batch; True means that it was acknowledged."""
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection(urlsplit(self._hub.http_url).netloc, timeout=10)
            self._connection.request("POST", "/api/v2/write?bucket=telegraf", body, self._headers)
            with self._connection.getresponse() as answer:
                answer.read()
                return answer.status == 204
        except (OSError, http.client.HTTPException):
            self.close()
            return False

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class MqttSender:
    """Publishes batches with QoS 1, each once the one before has its PUBACK."""

    def __init__(self, hub: HubProcess, device: str) -> None:
        self._hub = hub
        self._topic = f"tel/{device}/lp"
        self._client: paho.Client | None = None

    def send(self, body: bytes) -> bool:
        """Send a batch; True means that it was acknowledged."""
        try:
            if self._client is None:
                client = paho.Client(CallbackAPIVersion.VERSION2, reconnect_on_failure=False)
                client.connect(self._hub.mqtt_host, self._hub.mqtt_port, keepalive=30)
                self._client = client
            told = self._client.publish(self._topic, body, qos=1)
            deadline = time.monotonic() + 5
            while not told.is_published() and time.monotonic() < deadline:
                if self._client.loop(0.05) != paho.MQTT_ERR_SUCCESS:
                    break
            if told.is_published():
                return True
        except (OSError, RuntimeError, ValueError):
            pass  # the hub is away: the batch is sent again
        self.close()
        return False

    def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            self._client.disconnect()
            self._client = None


@pytest.mark.timeout(600)
def test_every_acknowledged_point_is_there_once_after_kills(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    generator = random.Random(20)
    with HubProcess(tmp_path / "hub", "--no-agent", "--set", "store.seal_rows=5000") as hub:
        writers = [Writer(f"http{i}", HttpSender(hub)) for i in range(2)]
        writers += [Writer(f"mqtt{i}", MqttSender(hub, f"dev{i}")) for i in range(2)]
        for writer in writers:
            writer.start()
        for _ in range(KILLS):
            time.sleep(generator.uniform(0.2, 1.5))
            nats_pid = hub.facts["nats_pid"]
            hub.kill()
            wait_gone(nats_pid)
            hub.start()
        time.sleep(1)
        for writer in writers:
            writer.stopping.set()
        for writer in writers:
            writer.join(30)
        assert all(writer.acknowledged for writer in writers), {w.name: len(w.acknowledged) for w in writers}
        missing, twice, total = count(hub, writers)
        with capsys.disabled():
            figures = f"kills={KILLS} acknowledged={total} missing={missing} stored_twice={twice}"
            print(f"\n{figures}")  # noqa: T201 - the figures are what this test is for
        assert (missing, twice) == (0, 0)
        hub.stop()
        hub.start()
        assert count(hub, writers) == (0, 0, total)


def wait_gone(pid: int) -> None:
    """nats-server must not outlive a killed hub."""
    deadline = time.monotonic() + 5
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "nats-server outlived the hub"
        time.sleep(0.01)


def count(hub: HubProcess, writers: list[Writer]) -> tuple[int, int, int]:
    """Return how many acknowledged points are missing, how many points are there twice, and how many
    were acknowledged."""
    settle(hub)
    stored = {writer.name: stored_times(hub, writer.name) for writer in writers}
    wanted = {
        (w.name, row) for w in writers for n in w.acknowledged for row in range(n * BATCH, (n + 1) * BATCH)
    }
    missing = sum(row not in stored[name] for name, row in wanted)
    twice = sum(times > 1 for rows in stored.values() for times in rows.values())
    return missing, twice, len(wanted)


def stored_times(hub: HubProcess, writer: str) -> dict[int, int]:
    """Return how often each of a writer's values is stored, asked in pages."""
    times: dict[int, int] = {}
    while True:
        page = hub.sql(
            f"SELECT value, count(*) FROM load WHERE writer = '{writer}' AND value > {max(times, default=-1)}"
            f" GROUP BY value ORDER BY value LIMIT {PAGE}"
        )
        times.update((value, count_) for value, count_ in page)
        if len(page) < PAGE:
            return times


def settle(hub: HubProcess) -> None:
    """Wait until the store has applied what the streams hold."""
    deadline = time.monotonic() + 30
    while any(s["applied_seq"] < s["last_seq"] for s in hub.status()["streams"]):
        assert time.monotonic() < deadline, hub.status()["streams"]
        time.sleep(0.05)
