"""A data folder that cannot be written: nothing is acknowledged then, nothing is lost, and it passes."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.real.hub_process import HubProcess
from tests.real.small_disk import break_down, filled, in_memory, on_image

T = 1_790_000_000_000_000_000
HANG = 120.0
SETTINGS = ("--no-agent", "--set", "store.seal_rows=500", "--set", "store.seal_interval=1s")


class Sender:
    """Sends points by both ways and keeps the numbers of those that were acknowledged."""

    def __init__(self, hub: HubProcess) -> None:
        self.acknowledged: set[int] = set()
        self._hub = hub
        self._sent = 0

    def _lines(self) -> str:
        first, self._sent = self._sent, self._sent + 20
        return "\n".join(f"m v={i}i {T + i}" for i in range(first, self._sent))

    def _count(self) -> None:
        self.acknowledged.update(range(self._sent - 20, self._sent))

    def http(self) -> int:
        """Write by HTTP and return the status."""
        status, headers, _ = self._hub.request(
            "POST", "/api/v2/write?bucket=telegraf", self._lines().encode()
        )
        if status == 204:
            self._count()
        else:
            assert "retry-after" in headers
        return status

    def mqtt(self) -> bool:
        """Publish by MQTT with QoS 1; False means that the device was disconnected or not let in."""
        command = ["mosquitto_pub", "-p", str(self._hub.mqtt_port), "-q", "1", "-t", "tel/pi/lp", "-s"]
        done = subprocess.run(
            command, input=self._lines().encode(), capture_output=True, timeout=HANG, check=False
        )
        if done.returncode == 0:
            self._count()
        return done.returncode == 0


def wait_until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + HANG
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def stored(hub: HubProcess) -> set[int]:
    wait_until(lambda: all(s["applied_seq"] == s["last_seq"] for s in hub.status()["streams"]))
    rows = [value for (value,) in hub.sql("SELECT v FROM m")]
    assert len(rows) == len(set(rows)), "no point twice"
    return set(rows)


def counted(hub: HubProcess) -> int:
    """Return how many points the hub finds without a file for the answer."""
    asked = {"id": "a", "measurement": "m", "fields": ["v"], "fn": "count"}
    span = {"start_ms": T // 10**6, "end_ms": T // 10**6 + 60_000, "interval_ms": 60_000}
    [answer] = hub.json("POST", "/api/query", span | {"queries": [asked]})["results"]
    [series] = answer["series"]
    return sum(filter(None, series["values"]))


def test_a_full_disk_refuses_keeps_what_was_acknowledged_and_passes_by_itself(tmp_path: Path) -> None:
    with in_memory(tmp_path / "disk", "48m") as disk, HubProcess(disk / "hub", *SETTINGS) as hub:
        sender = Sender(hub)
        for _ in range(40):
            assert sender.http() == 204
            assert sender.mqtt()
        with filled(disk):
            wait_until(lambda: sender.http() == 503)
            wait_until(lambda: not sender.mqtt())
            wait_until(lambda: "no space left" in " ".join(hub.status()["warnings"]))
            assert hub.request("GET", "/health")[0] == 503
            assert counted(hub) >= len(sender.acknowledged), "it answers all the while"
        wait_until(lambda: sender.http() == 204)
        wait_until(sender.mqtt)
        assert stored(hub) >= sender.acknowledged
        wait_until(lambda: not hub.status()["warnings"])
        hub.kill()
        hub.start()
        assert stored(hub) >= sender.acknowledged


def test_a_disk_that_became_read_only_refuses_and_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    image = tmp_path / "disk.img"
    hub = HubProcess(tmp_path / "disk" / "hub", *SETTINGS)
    hub._log = tmp_path / "hub.log"
    with on_image(tmp_path / "disk", image) as disk, hub:
        sender = Sender(hub)
        for _ in range(40):
            assert sender.http() == 204
            assert sender.mqtt()
        break_down(disk)
        wait_until(lambda: sender.http() == 503)
        wait_until(lambda: not sender.mqtt())
        wait_until(lambda: "read-only" in " ".join(hub.status()["warnings"]).lower())
        assert counted(hub) >= len(sender.acknowledged), "it answers all the while"
        assert hub.request("POST", "/api/sql", {"sql": "SELECT 1"})[0] == 503
    with on_image(tmp_path / "disk", image), hub:
        assert stored(hub) >= sender.acknowledged
        assert sender.http() == 204
