"""The ledger of a real hub: what agents and strangers sent is told, and a kill changes nothing of it."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.real.hub_process import HubProcess

HANG = 120.0
"""Nothing here takes this long; it only ends a test that hangs."""
T = 1_790_000_000_000_000_000
QUICK_SEALS = ("--no-agent", "--set", "store.seal_interval=1s")


def until(true: Callable[[], Any], why: str) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + HANG
    while not true():
        assert time.monotonic() < deadline, why
        time.sleep(0.05)


def at_rest(hub: HubProcess) -> dict[str, Any]:
    """Return the ledger once all that was acknowledged is visible and stored."""

    def settled() -> bool:
        streams = hub.json("GET", "/api/ledger")["streams"]
        return all(s["acknowledged_seq"] == s["visible_seq"] == s["stored_seq"] for s in streams)

    until(settled, "the streams do not come to rest")
    return hub.json("GET", "/api/ledger")


def line(ledger: dict[str, Any], name: str, kind: str = "devices") -> dict[str, Any]:
    (found,) = [one for one in ledger[kind] if one["name"] == name]
    return dict(found)


def came(hub: HubProcess, device: str, batches: int) -> Callable[[], bool]:
    """Return the question whether so many batches of a device are visible."""
    return lambda: any(
        one["name"] == device and one["visible"] >= batches
        for one in hub.json("GET", "/api/ledger")["devices"]
    )


def counts(found: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(found[name] for name in names)


@contextlib.contextmanager
def agent(hub: HubProcess, name: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "heliograph", "agent", "--hub", f"{hub.mqtt_host}:{hub.mqtt_port}"]
    command += ["--interval", "1s", "--inputs", "mem,kernel", "--host-name", name]
    process = subprocess.Popen(command, env=hub.environment, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(120)


@contextlib.contextmanager
def connected(hub: HubProcess) -> Iterator[paho.Client]:
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect(hub.mqtt_host, hub.mqtt_port)
    client.loop_start()
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def publish(client: paho.Client, device: str, payload: str, *, qos: int = 1) -> None:
    client.publish(f"tel/{device}/lp", payload.encode(), qos=qos).wait_for_publish(HANG)


def marked(seq: int, text: str = "") -> str:
    return f"#helio boot=feed seq={seq}\n" + (text or f"room,host=pi t={seq} {T + seq}")


def test_after_kills_everything_produced_is_acknowledged_visible_and_stored(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "hub", *QUICK_SEALS) as hub, agent(hub, "pi"):
        for number in range(3):
            until(came(hub, "pi", number + 3), "the agent's batches do not come")
            for batch in range(20):
                assert hub.write(f"m,host=a v={batch} {T + 100 * number + batch}") == 204
            hub.kill()
            hub.start()
        until(came(hub, "pi", 7), "the agent does not come back")
        running = line(hub.json("GET", "/api/ledger"), "pi")
        assert running["missing"] == 0
        hub.stop()  # while the agent lives: it keeps what it makes, and nothing is under way
        hub.start()
        until(came(hub, "pi", running["visible"] + 1), "the agent does not come back")
    with hub:
        ledger = at_rest(hub)
        device, bucket = line(ledger, "pi"), line(ledger, "telegraf", "buckets")
        assert device["produced"] >= 8
        assert len({device[hop] for hop in ("produced", "acknowledged", "visible", "stored")}) == 1, device
        assert counts(device, "missing", "refused", "quarantined", "qos0", "boots", "state") == (
            *(0, 0, 0, 0, 1),
            "whole",
        )
        assert device["in_stream"] == device["acknowledged"] + device["repeats"], (
            "nats-server counts the same"
        )
        assert counts(bucket, "acknowledged", "visible", "stored", "in_stream") == (60, 60, 60, 60)
        assert bucket["points"] == 60
        told = subprocess.run(
            [sys.executable, "-m", "heliograph", "ledger"],
            env=hub.environment,
            capture_output=True,
            check=False,
        )
        assert told.returncode == 0, told.stderr
        assert b"pi " in told.stdout


def test_a_batch_that_a_device_lost_is_told_by_its_number(hub: HubProcess) -> None:
    with connected(hub) as client:
        for seq in (1, 2, 3, 6, 7, 7):
            publish(client, "pi", marked(seq))
        publish(client, "pi", marked(8), qos=0)
        publish(client, "plain", f"room,host=plain t=1 {T}")
        publish(client, "bad", "room,host=bad t=\n")
        client.publish("elsewhere", b"no points", qos=1).wait_for_publish(HANG)
    until(lambda: line(hub.json("GET", "/api/ledger"), "pi")["qos0"] == 1, "the message of QoS 0 is lost")
    until(lambda: hub.json("GET", "/api/ledger")["other"], "the stranger's message is not counted")
    ledger = hub.json("GET", "/api/ledger")
    assert counts(
        line(ledger, "pi"), "produced", "acknowledged", "visible", "missing", "repeats", "qos0"
    ) == (
        *(8, 5, 6, 2, 1),
        1,
    )
    assert line(ledger, "pi")["in_stream"] == 6
    assert counts(line(ledger, "plain"), "produced", "visible", "state") == (None, 1, "hot")
    assert counts(line(ledger, "bad"), "visible", "refused", "quarantined", "state") == (0, 1, 1, "refused")
    told = subprocess.run(
        [sys.executable, "-m", "heliograph", "ledger", "--device", "pi"],
        env=hub.environment,
        capture_output=True,
        check=False,
    )
    assert told.returncode == 1
    assert b"missing  boot feed: batches 4 to 5" in told.stdout
    with connected(hub) as client:
        for seq in (4, 5):
            publish(client, "pi", marked(seq))
    until(lambda: line(hub.json("GET", "/api/ledger"), "pi")["missing"] == 0, "the gap stays open")
    answer = subprocess.run(
        [sys.executable, "-m", "heliograph", "ledger", "--device", "pi", "--json"],
        env=hub.environment,
        capture_output=True,
        check=True,
    )
    assert counts(line(json.loads(answer.stdout), "pi"), "gaps", "unlisted") == ([], 0)


@pytest.mark.parametrize("seal_interval", ["1s", "600s"])
def test_a_killed_hub_counts_nothing_twice(tmp_path: Path, seal_interval: str) -> None:
    arguments = ("--no-agent", "--set", f"store.seal_interval={seal_interval}")
    with HubProcess(tmp_path / "hub", *arguments) as hub:
        with connected(hub) as client:
            for seq in (1, 2, 2, 4):
                publish(client, "pi", marked(seq))
            publish(client, "pi", marked(5, "bad"))
        assert hub.write(f"m v=1 {T}\nm v=2 {T + 1}") == 204

        def told() -> tuple[Any, ...]:
            ledger = hub.json("GET", "/api/ledger")
            names = (
                "produced",
                "acknowledged",
                "visible",
                "missing",
                "repeats",
                "refused",
                "quarantined",
                "points",
            )
            lines = [*ledger["devices"], *ledger["buckets"]]
            return tuple(counts(one, "name", *names) for one in lines)

        expected = (("pi", 5, 4, 3, 1, 1, 1, 1, 3), ("telegraf", None, 1, 1, 0, 0, 0, 0, 2))
        until(lambda: told() == expected, "the messages are not counted")
        for _ in range(2):
            hub.kill()
            hub.start()
            assert told() == expected
        if seal_interval == "1s":
            assert line(at_rest(hub), "pi")["stored"] == 3
