"""From the bridge on nothing is lost, and nothing is there twice: hub and broker killed under load."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.real.hub_process import HubProcess
from tests.real.mosquitto_process import MosquittoProcess, mosquitto_binary
from tests.real.test_mqtt_intake import until

KILLS = int(os.environ.get("HELIO_TEST_BRIDGE_KILLS", "5"))
PAUSE = 1.0
RULE = {"name": "counts", "topic": "count/{device}", "parser": "value", "measurement": "counted"}
pytestmark = [
    pytest.mark.skipif(mosquitto_binary() is None, reason="apt install mosquitto"),
    pytest.mark.timeout(600),
]


class Load:
    """A client that publishes numbers, with a time and without, and notes what was acknowledged."""

    def __init__(self, port: int, in_flight: int) -> None:
        self.sent = 0
        self.acknowledged: set[int] = set()
        self._numbers: dict[int, int] = {}
        self._stop = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, "load", clean_session=False)
        self._client.max_inflight_messages_set(in_flight)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_publish = self._on_publish
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(0.002):
            if self.sent - len(self.acknowledged) > 1_000:
                continue
            self.sent += 1
            number = self.sent
            # odd ones have their time, even ones get it when they come first
            if number % 2:
                payload = f"counted,device=load value={number} {1_790_000_000_000_000_000 + number}"
                info = self._client.publish("tel/load/lp", payload, qos=1)
            else:
                info = self._client.publish("count/load", str(number), qos=1)
            self._numbers[info.mid] = number

    def _on_publish(self, _client: object, _data: object, mid: int, *_: object) -> None:
        until(lambda: mid in self._numbers, "a number that was not sent")
        self.acknowledged.add(self._numbers[mid])

    def finish(self) -> None:
        """Publish no more, and wait until all is acknowledged."""
        self._stop.set()
        self._thread.join()
        until(lambda: len(self.acknowledged) == self.sent, "the broker does not acknowledge the rest")
        self._client.disconnect()
        self._client.loop_stop()


def ready(hub: HubProcess) -> None:
    assert hub.request("POST", "/api/ingest", RULE)[0] == 201
    until(lambda: "count/+" in hub.status()["bridge"]["filters"], "the rule is not heard")


@contextmanager
def bridged(folder: Path) -> Iterator[tuple[MosquittoProcess, HubProcess]]:
    """A Mosquitto, and a hub that hears the rule's topics there."""
    (folder / "broker").mkdir()
    with (
        MosquittoProcess(folder / "broker") as broker,
        HubProcess(folder / "hub", "--no-agent", "--broker", f"mqtt://127.0.0.1:{broker.port}") as hub,
    ):
        ready(hub)
        yield broker, hub


def lost_connections(hub: HubProcess) -> int:
    return int(hub.status()["counters"]["bridge_connections_lost"])


def quiet(hub: HubProcess) -> list[int]:
    """Return the values that are stored once no more come."""
    seen = -1
    while True:
        until(lambda: hub.status()["bridge"]["connected"], "the bridge does not come back")
        rows = [int(row[0]) for row in hub.sql("SELECT value FROM counted ORDER BY value LIMIT 100000")]
        if len(rows) == seen:
            return rows
        seen = len(rows)
        time.sleep(2)


def test_a_hub_that_is_killed_under_load_loses_and_doubles_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with bridged(tmp_path) as (broker, hub):
        load = Load(broker.port, 20)
        for _ in range(KILLS):
            time.sleep(PAUSE)
            hub.kill()
            hub.start()
        load.finish()
        stored = quiet(hub)
        counters = hub.status()["counters"]
    missing, doubled = load.acknowledged - set(stored), len(stored) - len(set(stored))
    with capsys.disabled():
        print(  # noqa: T201 - the figures are what this test is for
            f"\nhub killed {KILLS} times: acknowledged={len(load.acknowledged)} stored={len(stored)}"
            f" missing={len(missing)} doubled={doubled} sessions_lost={counters['bridge_sessions_lost']}"
        )
    assert len(load.acknowledged) > 100
    assert (sorted(missing), doubled) == ([], 0)


def test_what_mosquitto_loses_when_it_is_killed_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with bridged(tmp_path) as (broker, hub):
        load = Load(broker.port, 20)
        for killed in range(1, KILLS + 1):
            time.sleep(PAUSE)
            broker.kill()
            until(lambda: lost_connections(hub) >= killed, "the bridge does not notice")  # noqa: B023
            broker.start()
            until(lambda: hub.status()["bridge"]["connected"], "the bridge does not come back")
        load.finish()
        stored = quiet(hub)
        counters = hub.status()["counters"]
    missing, doubled = load.acknowledged - set(stored), len(stored) - len(set(stored))
    with capsys.disabled():
        print(  # noqa: T201 - the figures are what this test is for
            f"\nmosquitto killed {KILLS} times: acknowledged={len(load.acknowledged)} stored={len(stored)}"
            f" lost_by_mosquitto={len(missing)} doubled={doubled}"
            f" sessions_lost={counters['bridge_sessions_lost']}"
        )
    assert counters["bridge_connections_lost"] >= KILLS
    assert set(stored) <= set(range(1, load.sent + 1))
    assert len(stored) > 100
