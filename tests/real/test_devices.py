"""Devices, tokens and people come in with what is theirs, and are out at once when it is taken away."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.real.hub_process import HubProcess
from tests.real.mqtt_identity import Client


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("devices") / "hub", "--no-agent") as running:
        yield running


def asked(hub: HubProcess, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    status, _, answer = hub.request(method, path, body)
    assert status in (200, 201), answer
    told: dict[str, Any] = json.loads(answer)
    return told


def new_device(hub: HubProcess, name: str) -> tuple[str, str]:
    return name, asked(hub, "POST", "/api/identities/devices", {"id": name})["key"]


def new_token(hub: HubProcess, **what: Any) -> tuple[str, str]:
    made = asked(hub, "POST", "/api/v2/authorizations", what)
    return made["id"], made["token"]


def helio(hub: HubProcess, *arguments: str, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = hub.environment | ({"HELIO_HOME": str(home)} if home else {})
    return subprocess.run(
        [sys.executable, "-m", "heliograph", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_device_comes_in_with_its_own_key_and_client_id_only(hub: HubProcess) -> None:
    lamp, lamp_two = new_device(hub, "lamp"), new_device(hub, "lamp-two")
    for client_id, login, is_in in (
        ("lamp", lamp, True),
        ("lamp-program", lamp, True),
        ("lamp", (lamp[0], "wrong"), False),
        ("lamp-two", lamp, False),
        ("lamp-two-program", lamp, False),
        ("lamp-two-program", lamp_two, True),
        ("elsewhere", lamp, False),
        ("lamp", ("anybody", hub.token), False),
        ("operator", ("anybody", hub.token), True),
    ):
        with Client(hub.mqtt_port, client_id, login) as client:
            assert client.is_in == is_in, (client_id, login[0])


def test_two_tokens_do_not_take_each_others_sessions(hub: HubProcess) -> None:
    _, first = new_token(hub, publish=["a/#"])
    id_, second = new_token(hub, publish=["a/#"])
    with Client(hub.mqtt_port, "shared", ("x", first)) as client:
        assert client.is_in
        with Client(hub.mqtt_port, "shared", ("x", second)) as thief:
            assert not thief.is_in
        client.publish("a/b", "still here")
    assert hub.request("DELETE", f"/api/v2/authorizations/{id_}")[0] == 204


def test_revoking_cuts_who_it_is_about_and_nobody_else(hub: HubProcess) -> None:
    fan, door = new_device(hub, "fan"), new_device(hub, "door")
    id_, token = new_token(hub, publish=["a/#"], subscribe=["b/#"])
    with (
        Client(hub.mqtt_port, "fan", fan) as one,
        Client(hub.mqtt_port, "door", door) as other,
        Client(hub.mqtt_port, "program", ("x", token)) as program,
    ):
        assert other.subscribe("cmd/door/#", 1)
        asked(hub, "DELETE", "/api/identities/devices/fan")
        one.until(lambda: one.is_cut)
        assert hub.request("DELETE", f"/api/v2/authorizations/{id_}")[0] == 204
        program.until(lambda: program.is_cut)
        with Client(hub.mqtt_port, "commander", ("x", hub.token)) as commander:
            commander.publish("cmd/door/open", "now")
        other.until(lambda: "now" in other.payloads())
        assert not other.is_cut
    with Client(hub.mqtt_port, "fan", fan) as again:
        assert not again.is_in
    assert hub.write("m v=1", bucket="telegraf") == 204


def test_another_key_ends_the_old_one(hub: HubProcess) -> None:
    name, old = new_device(hub, "pump")
    with Client(hub.mqtt_port, name, (name, old)) as client:
        key = asked(hub, "POST", "/api/identities/devices/pump/rotate", {})["key"]
        client.until(lambda: client.is_cut)
    for secret, is_in in ((old, False), (key, True)):
        with Client(hub.mqtt_port, name, (name, secret)) as client:
            assert client.is_in == is_in


def test_a_token_ends_by_itself(hub: HubProcess) -> None:
    _, token = new_token(hub, publish=["a/#"], expiresInSeconds=1)
    with Client(hub.mqtt_port, "short", ("x", token)) as client:
        client.until(lambda: client.is_cut)
    assert hub.request("GET", "/api/v2/authorizations", token=token)[0] == 401


def test_a_rotated_token_ends_on_an_open_live_page(hub: HubProcess) -> None:
    id_, token = new_token(hub, permissions=[{"action": "read", "resource": {"type": "buckets"}}])
    url = hub.http_url.replace("http", "ws", 1)
    headers = {"Authorization": f"Token {token}"}
    with connect(f"{url}/api/live?bucket=telegraf", additional_headers=headers) as socket:
        assert json.loads(socket.recv(10))["type"] == "hello"
        new = asked(hub, "POST", f"/api/identities/tokens/{id_}/rotate", {})["token"]
        with contextlib.suppress(ConnectionClosed):
            for _ in range(100):  # what it is told before, if anything
                socket.recv(30)
            pytest.fail("the page is still told what comes")
    assert [hub.request("GET", "/api/schema", token=t)[0] for t in (token, new)] == [401, 200]


def test_who_publishes_where_they_may_not_is_named(hub: HubProcess) -> None:
    login = new_device(hub, "spy")
    with Client(hub.mqtt_port, "spy", login) as client:
        client.publish("tel/other/lp", "m v=1")
        client.publish("tel/spy/lp", "m v=1")
    refused = hub.status()["quarantine"]["recent"]
    assert [(r["device"], r["source"]) for r in refused if r["device"] == "spy"] == [("spy", "tel/other/lp")]
    assert hub.status()["counters"]["mqtt_forbidden"] >= 1
    assert "\"spy\" at 127.0.0.1 may not publish to 'tel/other/lp'" in hub.log


def test_a_code_gives_one_board_one_key(hub: HubProcess, tmp_path: Path) -> None:
    told = json.loads(helio(hub, "device", "enrol", "board1", "--json").stdout)
    first = helio(hub, "agent", "enrol", told["url"], told["code"], home=tmp_path / "one")
    assert first.returncode == 0, first.stderr
    kept = json.loads((tmp_path / "one" / "agent.json").read_text())
    assert (tmp_path / "one" / "agent.json").stat().st_mode & 0o777 == 0o600
    with Client(hub.mqtt_port, "board1", (kept["device"], kept["key"])) as client:
        assert client.is_in
        second = helio(hub, "agent", "enrol", told["url"], told["code"], home=tmp_path / "two")
        assert (second.returncode, not (tmp_path / "two").exists()) == (1, True)
        assert "helio device enrol prints a new one" in second.stderr
        assert not client.is_cut


def test_a_lost_answer_costs_no_code(hub: HubProcess) -> None:
    code = asked(hub, "POST", "/api/identities/devices/board2/enrol", {})["code"].partition("-")[0]
    request = {"code": code, "key": "k" * 40}
    for expected in (200, 200):
        assert hub.request("POST", "/api/enrol", request, token=None)[0] == expected
    assert hub.request("POST", "/api/enrol", request | {"key": "j" * 40}, token=None)[0] == 401


def test_people_log_in_with_a_password_and_out_when_it_changes(hub: HubProcess) -> None:
    right = {"user": "anna", "password": "correct horse"}
    assert hub.request("POST", "/api/identities/users", {"name": "anna", "password": "short"})[0] == 400
    asked(hub, "POST", "/api/identities/users", {"name": "anna", "password": right["password"]})
    status, headers, _ = hub.request("POST", "/api/session", right, token=None)
    assert status == 200
    cookie = headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    session = {"Cookie": cookie.partition(";")[0]}
    assert hub.request("GET", "/api/audit", token=None, headers=session)[0] == 200
    foreign = session | {"Origin": "http://evil.example"}
    assert hub.request("POST", "/api/login-code", {}, token=None, headers=foreign)[0] == 401
    assert hub.request("POST", "/api/identities/users/anna/password", {"password": "another horse"})[0] == 204
    assert hub.request("GET", "/api/audit", token=None, headers=session)[0] == 401


def test_guessing_has_to_wait_and_is_written_down(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "hub", "--no-agent") as hub:  # who guesses makes this whole address wait
        asked(hub, "POST", "/api/identities/users", {"name": "bert", "password": "correct horse"})
        wrong = {"user": "bert", "password": "wrong"}
        statuses = [hub.request("POST", "/api/session", wrong, token=None)[0] for _ in range(8)]
        assert set(statuses) == {401, 429}
        status, headers, _ = hub.request("POST", "/api/session", wrong, token=None)
        assert (status, int(headers["retry-after"]) >= 1) == (429, True)
        entries = asked(hub, "GET", "/api/audit")["entries"]
        assert {"what": "login refused", "about": "bert", "address": "127.0.0.1", "who": ""}.items() <= (
            entries[0] | {"about": "bert"}
        ).items()
        assert asked(hub, "GET", "/api/session")["user"] == "operator"


def test_what_belongs_to_whom_is_there_after_a_restart(hub: HubProcess) -> None:
    login = new_device(hub, "kept")
    gone = new_device(hub, "gone")
    asked(hub, "DELETE", "/api/identities/devices/gone")
    hub.kill()
    hub.start()
    for (name, key), is_in in ((login, True), (gone, False)):
        with Client(hub.mqtt_port, name, (name, key)) as client:
            assert client.is_in == is_in
