"""Points over MQTT, sent by a stranger's client: kept, refused with a reason, or none of our business."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.real.hub_process import HubProcess

T = 1_790_000_000_000_000_000
HANG = 120.0
"""Nothing here takes this long; it only ends a test that hangs."""


def publish(hub: HubProcess, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
    """Publish with mosquitto's own client, which returns once the message is acknowledged."""
    command = ["mosquitto_pub", "-h", hub.mqtt_host, "-p", str(hub.mqtt_port), "-q", str(qos), "-t", topic]
    command += ["-s"] if payload else ["-n"]
    if retain:
        command.append("-r")
    subprocess.run(command, input=payload, check=True, timeout=HANG)


def until(true: Callable[[], Any], why: str) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + HANG
    while not true():
        assert time.monotonic() < deadline, why
        time.sleep(0.02)


def settle(hub: HubProcess) -> None:
    """Wait until all that was acknowledged over MQTT is applied."""
    until(
        lambda: all(s["applied_seq"] == s["last_seq"] for s in hub.status()["streams"]), "the consumer stalls"
    )


def measurements(hub: HubProcess) -> set[str]:
    return {m["name"] for m in hub.json("GET", "/api/schema")["measurements"]}


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_points_of_every_quality_of_service(hub: HubProcess, qos: int) -> None:
    publish(hub, "tel/pi-4/lp", f"room,host=pi-4 t=21.5 {T}\nroom,host=pi-4 t=22 {T + 1}".encode(), qos=qos)
    until(lambda: "room" in measurements(hub), "no point came")
    assert hub.sql("SELECT epoch_ns(time), host, t FROM room ORDER BY time") == [
        [T, "pi-4", 21.5],
        [T + 1, "pi-4", 22.0],
    ]
    counters = hub.status()["counters"]
    assert (counters["qos0_points"], counters["mqtt_points"]) == ((2, 0) if qos == 0 else (0, 2))


def test_a_line_without_a_time_has_the_same_time_after_a_replay(hub: HubProcess) -> None:
    before = time.time_ns()
    for i in range(3):
        publish(hub, "tel/pi/lp", f"now i={i}i".encode())
    settle(hub)
    times = hub.sql("SELECT epoch_ns(time), i FROM now ORDER BY i")
    assert [i for _, i in times] == [0, 1, 2]
    assert all(before < at < time.time_ns() for at, _ in times)
    for _ in range(2):
        hub.kill()
        hub.start()
        settle(hub)
        assert hub.sql("SELECT epoch_ns(time), i FROM now ORDER BY i") == times


def test_what_cannot_be_stored_is_kept_with_its_reason_and_stalls_nobody(hub: HubProcess) -> None:
    publish(hub, "tel/pi/lp", f"good v=1 {T}\ngood v=oops {T}\ngood\ngood v=2 {T + 1}".encode())
    publish(hub, "tel/bäd/lp", b"good v=3")
    publish(hub, "tel/a.b/lp", b"good v=4")
    publish(hub, f"tel/{'x' * 65}/lp", b"good v=5")
    publish(hub, "tel//lp", b"good v=6")
    publish(hub, "tel/pi", b"good v=6")
    publish(hub, "tel/pi/lp", b"\xff\xfe\x00\x80")
    publish(hub, "tel/pi/lp", b'good v="text"')
    publish(hub, "tel/pi/lp", b"")
    publish(hub, "tel/pi/lp", f"good v=7 {T + 2}".encode())
    settle(hub)
    assert hub.sql("SELECT v FROM good ORDER BY v") == [[1.0], [2.0], [7.0]]
    status = hub.status()
    recent = {(r["source"], r["excerpt"]): r for r in reversed(status["quarantine"]["recent"])}
    assert status["quarantine"]["total"] == status["quarantine"]["kept"] == len(recent) == 9
    assert status["counters"]["mqtt_refused"] == 9

    def reason(source: str, excerpt: str) -> str:
        text: str = recent[source, excerpt]["reason"]
        return text

    assert reason("tel/pi/lp", f"good v=oops {T}").startswith("line 2, column 8:")
    assert "missing fields" in reason("tel/pi/lp", "good")
    assert "device id" in reason("tel/bäd/lp", "good v=3")
    assert "device id" in reason("tel/a.b/lp", "good v=4")
    assert "device id" in reason(f"tel/{'x' * 65}/lp", "good v=5")
    assert "device id" in reason("tel//lp", "good v=6")
    assert "below tel/<device>/" in reason("tel/pi", "good v=6")
    assert "field type conflict" in reason("tel/pi/lp", 'good v="text"')
    assert recent["tel/pi/lp", "good"]["device"] == "pi"

    shown = subprocess.run(
        [*HELIO, "status"], env=hub.environment, capture_output=True, text=True, check=False, timeout=HANG
    ).stdout
    assert "refused  9 in all, 9 kept" in shown
    assert "field type conflict" in shown

    hub.kill()
    hub.start()
    settle(hub)
    quarantine = hub.status()["quarantine"]
    assert (quarantine["total"], quarantine["kept"]) == (9, 9), "a replay counts nothing twice"


HELIO = [sys.executable, "-m", "heliograph"]


def test_the_quarantine_is_bounded(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("bounded")
    with HubProcess(folder / "hub", "--no-agent", "--set", "limits.quarantine_entries=10") as hub:
        publish(hub, "tel/pi/lp", b"\n".join(b"bad%d" % i for i in range(300)) + f"\nfine v=1 {T}".encode())
        settle(hub)
        assert hub.sql("SELECT v FROM fine") == [[1.0]]
        status = hub.status()
        assert status["quarantine"]["kept"] == 10
        assert status["counters"]["mqtt_refused"] == 300


def test_a_megabyte_at_once(hub: HubProcess) -> None:
    lines = "\n".join(f'big,host=h{i % 50} value={i}i,text="{"x" * 40}" {T + i}' for i in range(12_000))
    assert len(lines) > 2**20
    publish(hub, "tel/pi/lp", lines.encode())
    settle(hub)
    assert hub.sql("SELECT count(*), sum(value) FROM big") == [[12_000, sum(range(12_000))]]


def test_topics_outside_tel_belong_to_the_users(hub: HubProcess) -> None:
    received: list[tuple[str, bytes, int]] = []
    with Listening(hub, "home/#", received):
        publish(hub, "home/light", b"no v=1", qos=1)
        publish(hub, "home/light", b"no v=2", qos=2)
        publish(hub, "home/door", b"no v=3", qos=0, retain=True)
        publish(hub, "tele/pi/lp", b"no v=4")
        publish(hub, "x/tel/pi/lp", b"no v=5")
        until(lambda: len(received) == 3, "a subscriber got too little")
    assert sorted(received) == [
        ("home/door", b"no v=3", 0),
        ("home/light", b"no v=1", 1),
        ("home/light", b"no v=2", 2),
    ]
    settle(hub)
    assert "no" not in measurements(hub)
    assert hub.status()["quarantine"]["total"] == 0
    late: list[tuple[str, bytes, int]] = []
    with Listening(hub, "home/door", late):
        until(lambda: late, "what is retained was not given to a late subscriber")


class Listening:
    """A client that subscribes with QoS 2 and notes what it gets."""

    def __init__(self, hub: HubProcess, topic: str, received: list[tuple[str, bytes, int]]) -> None:
        self._subscribed = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"listener-{time.monotonic_ns()}")
        self._client.on_message = lambda _c, _u, m: received.append((m.topic, bytes(m.payload), m.qos))
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_connect = lambda client, *_: client.subscribe(topic, qos=2)
        self._client.connect(hub.mqtt_host, hub.mqtt_port)

    def __enter__(self) -> None:
        self._client.loop_start()
        assert self._subscribed.wait(HANG)

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def test_a_guest_cannot_reach_the_hubs_own_subjects(hub: HubProcess) -> None:
    publish(hub, "tel/pi/lp", f"honest v=1 {T}".encode())
    settle(hub)
    before = {s["name"]: s["last_seq"] for s in hub.status()["streams"]}
    forged = f"forged v=1 {T}".encode()
    for topic in (
        "$MQTT/msgs/tel/pi/lp",
        "$MQTT/sess/x",
        "lp/telegraf",
        "$JS/API/STREAM/DELETE/LP",
        "$JS/API/STREAM/PURGE/LP",
        "$JS/API/STREAM/DELETE/$MQTT_msgs",
        "$SYS/REQ/SERVER/PING",
        "_INBOX/x",
    ):
        for qos in (0, 1):
            command = ["mosquitto_pub", "-h", hub.mqtt_host, "-p", str(hub.mqtt_port), "-q", str(qos)]
            subprocess.run(
                [*command, "-t", topic, "-s"], input=forged, check=False, timeout=HANG, capture_output=True
            )
    publish(hub, "tel/pi/lp", f"honest v=2 {T + 1}".encode())
    settle(hub)
    assert "forged" not in measurements(hub)
    streams = {s["name"]: s["last_seq"] for s in hub.status()["streams"]}
    assert streams == {"LP": before["LP"], "$MQTT_msgs": before["$MQTT_msgs"] + 1}
    assert hub.write(f"honest v=3 {T + 2}") == 204
    assert hub.sql("SELECT v FROM honest ORDER BY v") == [[1.0], [2.0], [3.0]]


def test_a_subscriber_of_everything_gets_points_with_their_quality_of_service(hub: HubProcess) -> None:
    received: list[tuple[str, bytes, int]] = []
    with Listening(hub, "#", received):
        publish(hub, "tel/pi/lp", b"all v=1", qos=1)
        publish(hub, "home/light", b"on", qos=2)
        until(lambda: len(received) >= 2, "messages are missing")
        hub.write("over_http v=1")
        publish(hub, "home/light", b"off", qos=1)
        until(lambda: len(received) >= 3, "messages are missing")
    assert received == [("tel/pi/lp", b"all v=1", 1), ("home/light", b"on", 2), ("home/light", b"off", 1)]


def live(hub: HubProcess, **headers: str) -> ClientConnection:
    """Open the page's WebSocket."""
    address = hub.http_url.replace("http", "ws", 1) + "/api/live?bucket=telegraf"
    return connect(address, additional_headers=headers, proxy=None, open_timeout=HANG)


def logged_in(hub: HubProcess) -> dict[str, str]:
    headers = hub.request("POST", "/api/session", {"token": hub.token}, token=None)[1]
    return {"Cookie": headers["set-cookie"].partition(";")[0]}


def test_the_page_is_told_of_points_and_of_new_names(hub: HubProcess) -> None:
    with live(hub, **logged_in(hub)) as socket:

        def next_news() -> dict[str, Any]:
            news: dict[str, Any] = json.loads(socket.recv(HANG))
            return news

        assert next_news()["type"] == "hello"
        publish(hub, "tel/pi/lp", f"m,host=pi v=1 {T}\nm v=2 {T + 5_000_000}".encode())
        assert next_news() == {"type": "schema"}
        from_ms = T // 1_000_000
        assert next_news() == {
            "type": "points",
            "measurements": {"m": {"from_ms": from_ms, "to_ms": from_ms + 5, "hosts": ["", "pi"]}},
        }
        hub.write(f"m,host=pi v=3 {T + 1}")
        assert next_news() == {
            "type": "points",
            "measurements": {"m": {"from_ms": from_ms, "to_ms": from_ms, "hosts": ["pi"]}},
        }
        publish(hub, "tel/pi/lp", f"m,host=pi v=4 {T + 2}".encode(), qos=0)
        assert next_news()["type"] == "points"
        hub.write(f"m,host=new v=3 {T + 1}")
        assert [next_news()["type"] for _ in range(2)] == ["schema", "points"]


def test_the_pages_socket_needs_a_login_and_the_hubs_own_origin(hub: HubProcess) -> None:
    with live(hub) as socket, pytest.raises(ConnectionClosed, match="4401"):
        socket.recv(HANG)
    cookie = logged_in(hub)
    stranger = live(hub, **cookie, Origin="http://evil.example")
    with stranger as socket, pytest.raises(ConnectionClosed, match="1008"):
        socket.recv(HANG)
    with live(hub, **cookie, Origin=hub.http_url) as socket:
        assert json.loads(socket.recv(HANG))["type"] == "hello"
    with live(hub, Authorization=f"Token {hub.token}") as socket:
        assert json.loads(socket.recv(HANG))["type"] == "hello"
