"""What is kept of a topic on a real hub: by rules, what they would make, and messages in the stream."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.real.hub_process import HubProcess
from tests.real.test_topics import publish, told, until_listening

PATIENCE = 120.0


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """Give a hub whose own agent is silent."""
    with HubProcess(tmp_path_factory.mktemp("keeping") / "hub", "--no-agent") as hub:
        until_listening(hub)
        yield hub


def until(answer: Callable[[], Any]) -> Any:
    """Return the first answer that is true."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := answer():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come")


def stored(hub: HubProcess, topic: str) -> Any:
    """Return what the hub says of a topic."""
    return hub.json("GET", f"/api/topics/stored?topic={quote(topic)}")


def test_a_topic_is_stored_after_a_look_at_what_would_come(hub: HubProcess) -> None:
    topic = "home/lab/climate"
    publish(hub, *((topic, payload, 1, False) for payload in (b'{"t": 20.5}', b"broken", b'{"t": 21}')))
    told(hub, topic, 3)
    before = stored(hub, topic)
    assert (before["rule"], before["series"]) == (None, [])
    rule = before["proposal"]
    assert rule == {
        "name": "home-lab-climate",
        "topic": topic,
        "parser": "json",
        "measurement": "climate",
    }
    assert before["command"].startswith("helio ingest add home-lab-climate --topic home/lab/climate")
    rule["topic"] = "home/{room}/climate"
    shown = hub.json("POST", "/api/topics/preview", {"topic": topic, "rule": rule})
    assert [[line.rpartition(" ")[0] for line in each["lines"]] for each in shown["messages"]] == [
        ["climate,room=lab t=21.0"],
        [],
        ["climate,room=lab t=20.5"],
    ]
    assert "JSON" in shown["messages"][1]["reason"]
    assert shown["taken_by"] is None
    assert hub.request("POST", "/api/ingest", rule)[0] == 201
    publish(hub, (topic, b'{"t": 22}', 1, False))
    after = stored(hub, topic)
    assert (after["rule"]["name"], after["origin"], after["bucket"]) == (rule["name"], "added", "telegraf")
    assert after["series"] == [{"measurement": "climate", "tags": {"room": "lab"}, "fields": {"t": "float"}}]
    query = {"bucket": "telegraf", "sql": "SELECT t FROM climate WHERE room = 'lab'"}
    until(lambda: b"[[22.0]]" in hub.request("POST", "/api/sql", query)[2].replace(b" ", b""))


def test_line_protocol_of_devices_needs_no_rule(hub: HubProcess) -> None:
    publish(hub, ("tel/pi4/lp", b"cpu,host=pi4 usage=3.5,n=2i", 1, False))
    told(hub, "tel/pi4/lp")
    found = stored(hub, "tel/pi4/lp")
    assert (found["origin"], found["proposal"]) == ("tel", None)
    fields = {"usage": "float", "n": "int"}
    assert found["series"] == [{"measurement": "cpu", "tags": {"host": "pi4"}, "fields": fields}]


def test_what_a_rule_cannot_read_is_told(hub: HubProcess) -> None:
    publish(hub, ("tele/plug/SENSOR", b"no json", 0, False), ("raw", b"\xff\x00\x01", 0, False))
    told(hub, "raw")
    told(hub, "tele/plug/SENSOR")
    assert stored(hub, "tele/plug/SENSOR")["problem"]
    assert stored(hub, "raw")["proposal"] is None
    assert hub.request("GET", "/api/topics/stored?topic=never")[0] == 404
    assert hub.request("GET", "/api/topics/stored")[0] == 400
    bad = {"name": "x", "topic": "raw", "parser": "xml"}
    assert hub.request("POST", "/api/topics/preview", {"topic": "raw", "rule": bad})[0] == 400
    assert hub.request("POST", "/api/ingest", bad)[0] == 400


def test_the_stream_has_what_came_with_an_acknowledgement(hub: HubProcess) -> None:
    topic = "kept/a.b/c"
    publish(hub, *((topic, str(number).encode(), 1, False) for number in range(40)))
    publish(hub, (topic, b"not kept", 0, False), ("kept/a.b", b"other", 1, False))

    def history(more: str) -> Any:
        status, _, body = hub.request("GET", f"/api/topics/history?topic={quote(topic)}{more}")
        assert status == 200, body
        return json.loads(body)

    whole = history("")
    assert [message["value"] for message in whole["messages"]] == list(reversed(range(40)))
    assert (whole["kept"], whole["since_ms"]) == (True, 0)
    some = history("&limit=7")
    assert some["messages"] == whole["messages"][:7]
    assert some["since_ms"] == whole["messages"][6]["time_ms"]
    assert history(f"&since_ms={whole['messages'][0]['time_ms'] + 60_000}")["messages"] == []
