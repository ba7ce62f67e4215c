"""Rules of a real hub: its points, its broker, a web server of ours, and kill -9."""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.real.hub_process import HubProcess
from tests.rule_faults import CASES, START_S, Fault, S, intervals

RULE = {"name": "hot", "measurement": "t", "field": "v", "by": ["host"], "every": "1s", "above": 80}


class Receiver:
    """A web server that takes notifications, or refuses them for a while."""

    def __init__(self) -> None:
        self.notes: list[dict[str, Any]] = []
        self.is_open = True
        self.tried = 0
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                note = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.tried += 1
                if receiver.is_open:
                    assert self.headers["Idempotency-Key"] == note["key"]
                    receiver.notes.append(note)
                self.send_response(204 if receiver.is_open else 503)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    @property
    def action(self) -> dict[str, str]:
        return {"kind": "webhook", "url": f"http://127.0.0.1:{self.server.server_port}/hook"}

    def told(self) -> list[tuple[str, str]]:
        """What came, each notification once, by its key."""
        by_key = {note["key"]: note for note in self.notes}
        return [(one["state"], one["tags"]["host"]) for note in by_key.values() for one in note["alerts"]]

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubProcess]:
    with HubProcess(tmp_path / "hub", "--no-agent", "--set", "rules.allow_hosts=127.0.0.1") as running:
        yield running


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def state_of(hub: HubProcess, name: str) -> str:
    return next(str(one["state"]) for one in hub.json("GET", "/api/rules")["rules"] if one["name"] == name)


def add(hub: HubProcess, **more: Any) -> None:
    status, _, body = hub.request("POST", "/api/rules", RULE | more)
    assert status == 201, body


def test_each_change_is_delivered_once_across_kill_9(hub: HubProcess, receiver: Receiver) -> None:
    add(hub, actions=[receiver.action], stale="1h")
    expected = []
    for number, value in enumerate((90, 20, 95, 30)):
        assert hub.write(f"t,host=a v={value}") == 204
        state = "firing" if value > 80 else "ok"
        until(lambda wanted=state: state_of(hub, "hot") == wanted, f"{number}: it is {state}")  # type: ignore[misc]
        if number == 2:
            hub.kill()  # its notification may be on its way, or not yet
            hub.start()
        expected.append(("firing" if value > 80 else "resolved", "a"))
        until(lambda: receiver.told() == expected, f"{expected} was told, not {receiver.told()}")
        hub.kill()
        hub.start()
    until(lambda: hub.json("GET", "/api/rules")["deliveries"]["waiting"] == 0, "all is settled")
    assert receiver.told() == expected
    history = hub.json("GET", "/api/alerts")["history"]
    assert [one["state"] for one in reversed(history)] == ["firing", "resolved", "firing", "resolved"]


def test_what_is_not_taken_is_tried_again_after_a_kill(hub: HubProcess, receiver: Receiver) -> None:
    receiver.is_open = False
    add(hub, actions=[receiver.action], stale="1h")
    assert hub.write("t,host=a v=99") == 204
    until(lambda: receiver.tried > 0, "it was tried")
    until(lambda: hub.json("GET", "/api/rules")["deliveries"]["last_error"] != "", "the failure is told")
    assert "503" in "".join(hub.json("GET", "/api/status")["warnings"])
    hub.kill()
    receiver.is_open = True
    hub.start()
    until(lambda: receiver.told() == [("firing", "a")], "it came in the end")


@pytest.mark.parametrize("fault", CASES, ids=lambda fault: fault.name)
def test_history_of_a_hub_gives_exactly_the_expected_alerts(replayed: HubProcess, fault: Fault) -> None:
    name = f"f{CASES.index(fault)}"
    body = {
        "rule": fault.rule | {"measurement": name},
        "start_ms": START_S * 1000,
        "end_ms": (START_S + fault.length_s) * 1000,
    }
    answer = replayed.json("POST", "/api/rules/test", body)
    found = [
        (one["tags"]["host"], one["time_ms"] // 1000 - START_S, one["state"]) for one in answer["changes"]
    ]
    assert found == fault.expected


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub with the series of all labelled faults."""
    with HubProcess(tmp_path_factory.mktemp("faults") / "hub", "--no-agent") as running:
        for number, fault in enumerate(CASES):
            lines = [
                f"f{number},host={group[0]} v={values['value']!r} {interval.time_ns - 3 * S}"
                for interval in intervals(fault, 1)
                for group, values in interval.values.items()
            ]
            assert running.write("\n".join(lines)) == 204
        yield running


def test_a_message_commands_the_device(hub: HubProcess) -> None:
    add(hub, actions=[{"kind": "mqtt", "topic": "cmd/{host}/alarm", "payload": "{state} {value}"}])
    assert hub.write("t,host=pi7 v=81") == 204

    def payloads() -> list[str]:
        found = hub.json("GET", "/api/streams/mqtt/messages?topic=cmd/%2B/alarm")["messages"]
        return [f"{one['topic']} {one['payload']}" for one in found]

    until(lambda: payloads() == ["cmd/pi7/alarm firing 81"], "the command is in the stream")


def test_a_silence_that_is_ended_by_nobody_is_one_of_the_week(hub: HubProcess) -> None:
    assert hub.request("POST", "/api/silences", {"rule": "x", "for": ""})[0] == 400
    status, _, made = hub.request("POST", "/api/silences", {"rule": "x", "every": "sun 02:00-04:00"})
    assert (status, json.loads(made)["end_ms"]) == (201, None)
    assert hub.request("DELETE", f"/api/silences/{json.loads(made)['id']}")[0] == 200
