"""The broker's topics over HTTP and the WebSocket, on a real hub."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from websockets.sync.client import ClientConnection, connect

from tests.real.hub_process import HubProcess

PATIENCE = 120.0


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """Give a hub whose own agent is silent."""
    with HubProcess(tmp_path_factory.mktemp("topics") / "hub", "--no-agent") as hub:
        until_listening(hub)
        yield hub


def until_listening(hub: HubProcess) -> None:
    """Wait until the hub sees what is published; a retained message may be on its way while it subscribes."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        publish(hub, ("ready", b"1", 0, False))
        if hub.request("GET", "/api/topics?topic=ready")[0] == 200:
            return
        time.sleep(0.1)
    raise AssertionError(f"the hub does not listen:\n{hub.log[-2000:]}")


def publish(hub: HubProcess, *messages: tuple[str, bytes, int, bool]) -> None:
    """Publish as a stranger's program would: topic, payload, QoS, retained."""
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect(hub.mqtt_host, hub.mqtt_port)
    client.loop_start()
    for topic, payload, qos, retained in messages:
        client.publish(topic, payload, qos, retained).wait_for_publish(PATIENCE)
    client.disconnect()
    client.loop_stop()


def told(hub: HubProcess, topic: str, payloads: int = 1) -> dict[str, Any]:
    """Return what the hub tells of a topic once it has seen so many messages of it."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        status, _, body = hub.request("GET", f"/api/topics?topic={quote(topic)}")
        if status == 200 and len(json.loads(body)["messages"]) >= payloads:
            found: dict[str, Any] = json.loads(body)
            return found
        time.sleep(0.05)
    raise AssertionError(f"{topic} was not seen {payloads} times")


def listening(hub: HubProcess) -> ClientConnection:
    """Open the live connection as the operator."""
    address = f"ws{hub.http_url.removeprefix('http')}/api/live"
    return connect(address, additional_headers={"Authorization": f"Token {hub.token}"}, proxy=None)


def until_shown(socket: ClientConnection, path: str) -> dict[str, Any]:
    """Return the first message about topics that has a row of this path."""
    while True:
        message: dict[str, Any] = json.loads(socket.recv(PATIENCE))
        if message["type"] == "topics" and any(row["path"] == path for row in message["rows"]):
            return message


def test_messages_of_every_quality_are_in_the_tree(watched: HubProcess) -> None:
    publish(watched, ("all/zero", b"0", 0, False), ("all/one", b"1", 1, True), ("all/two", b"2", 2, False))
    for name in ("zero", "one", "two"):
        told(watched, f"all/{name}")
    level = watched.json("GET", "/api/topics?level=all")
    assert [(row["name"], row["text"]) for row in level["rows"]] == [
        ("one", "1"),
        ("two", "2"),
        ("zero", "0"),
    ]
    assert (level["total"], level["next"]) == (3, None)


def test_levels_come_in_pages(watched: HubProcess) -> None:
    publish(watched, *((f"pages/{n}", b"", 0, False) for n in range(5)))
    told(watched, "pages/4")
    names: list[str] = []
    after: str | None = ""
    while after is not None:
        page = watched.json("GET", f"/api/topics?level=pages&limit=2&after={after}")
        names += [row["name"] for row in page["rows"]]
        after = page["next"]
    assert names == ["0", "1", "2", "3", "4"]


def test_what_is_published_over_http_comes_back(watched: HubProcess) -> None:
    body = {"topic": "cmd/fan", "payload": '{"on": true}', "qos": 1}
    assert watched.json("POST", "/api/topics/publish", body) == {"topic": "cmd/fan", "bytes": 12}
    assert told(watched, "cmd/fan")["messages"][0]["value"] == {"on": True}


def test_a_retained_message_is_there_after_a_restart_until_it_is_cleared(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "hub", "--no-agent") as hub:
        hub.json("POST", "/api/topics/publish", {"topic": "kept", "payload": "1", "qos": 1, "retained": True})
        hub.stop()
        hub.start()
        assert told(hub, "kept")["retained"] is True
        hub.json("POST", "/api/topics/publish", {"topic": "kept", "payload": "", "retained": True})
        assert told(hub, "kept", 2)["retained"] is False
        hub.stop()
        hub.start()
        hub.json("POST", "/api/topics/publish", {"topic": "other", "payload": "1", "retained": True})
        told(hub, "other")
        assert hub.request("GET", "/api/topics?topic=kept")[0] == 404


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"topic": "a/#", "payload": ""}, "wildcard"),
        ({"topic": "", "payload": ""}, "empty"),
        ({"topic": "$SYS/x", "payload": ""}, "broker's own"),
        ({"topic": "with space", "payload": ""}, "no spaces"),
        ({"topic": "a"}, "payload"),
        ({"topic": "a", "payload": "", "qos": 3}, "qos"),
        ({"topic": "a", "payload_base64": "?"}, "base64"),
    ],
)
def test_what_cannot_be_published_is_told(watched: HubProcess, body: dict[str, Any], reason: str) -> None:
    status, _, answer = watched.request("POST", "/api/topics/publish", body)
    assert (status, reason in json.loads(answer)["message"]) == (400, True), answer


def test_topics_are_the_operators(watched: HubProcess) -> None:
    assert watched.request("GET", "/api/topics", token=None)[0] == 401
    assert watched.request("POST", "/api/topics/publish", {"topic": "a", "payload": ""}, token=None)[0] == 401
    stranger = {"Origin": "http://elsewhere.example"}
    body = {"topic": "a", "payload": ""}
    assert watched.request("POST", "/api/topics/publish", body, headers=stranger)[0] == 401


def test_a_page_is_told_of_the_rows_it_shows(watched: HubProcess) -> None:
    publish(watched, ("live/a/b", b"1", 0, False), ("live/c", b"2", 0, False))
    told(watched, "live/c")
    with listening(watched) as socket:
        socket.send(json.dumps({"topics": {"open": ["live", "live/a"], "limit": 500, "topic": "live/c"}}))
        message = until_shown(socket, "live/a/b")
        assert message["topic"]["messages"][0]["value"] == 2
        publish(watched, ("live/a/new", b"3", 0, False))
        assert until_shown(socket, "live/a/new")["total"] == message["total"] + 1
        socket.send(json.dumps({"topics": {"search": "live new"}}))
        assert [row["name"] for row in until_shown(socket, "live/a/new")["rows"]] == ["live/a/new"]


def test_words_that_the_hub_does_not_know_end_nothing(watched: HubProcess) -> None:
    publish(watched, ("words", b"1", 0, False))
    told(watched, "words")
    with listening(watched) as socket:
        for said in ("", "{", "[]", "null", '{"topics": 1}', '{"topics": {"open": 5}}', "[" * 60_000):
            socket.send(said)
        socket.send(json.dumps({"topics": {"limit": 500}}))
        until_shown(socket, "words")
