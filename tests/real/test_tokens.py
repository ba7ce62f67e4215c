"""A token opens what its permissions say, on every route and in every form, and nothing else."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.routing import Route, WebSocketRoute
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from heliograph.api.app import ROUTES
from tests.real.hub_process import HubProcess

T = 1_790_000_000_000_000_000
QUERY = {"start_ms": T // 10**6, "end_ms": T // 10**6 + 1_000, "interval_ms": 1_000}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """One hub with two buckets, ``mine`` and ``theirs``."""
    with HubProcess(tmp_path_factory.mktemp("tokens") / "hub", "--no-agent") as running:
        for name in ("mine", "theirs"):
            assert running.request("POST", "/api/buckets", {"name": name})[0] == 201
            assert running.write(f"m v=1 {T}", bucket=name) == 204
        yield running


def new_token(hub: HubProcess, *permissions: tuple[str, str, str | None]) -> str:
    """Return a token that may do these things: action, type, and the name of one bucket or all."""
    listed = [
        {"action": action, "resource": {"type": kind} | ({"name": name} if name else {})}
        for action, kind, name in permissions
    ]
    status, _, body = hub.request("POST", "/api/v2/authorizations", {"permissions": listed})
    assert status == 201, body
    token: str = json.loads(body)["token"]
    return token


@pytest.fixture(scope="module")
def reader(hub: HubProcess) -> str:
    return new_token(hub, ("read", "buckets", "mine"))


@pytest.fixture(scope="module")
def writer(hub: HubProcess) -> str:
    return new_token(hub, ("write", "buckets", "mine"))


def reads(hub: HubProcess, bucket: str, token: str) -> dict[str, int]:
    """Ask a bucket by every route that reads, and return the statuses."""
    query = QUERY | {"bucket": bucket, "queries": [{"measurement": "m", "fields": ["v"]}]}
    sql = {"bucket": bucket, "sql": "SELECT * FROM m"}
    asked: dict[str, tuple[str, str, dict[str, Any] | None]] = {
        "schema": ("GET", f"/api/schema?bucket={bucket}", None),
        "devices": ("GET", f"/api/devices?bucket={bucket}", None),
        "query": ("POST", "/api/query", query),
        "sql": ("POST", "/api/sql", sql),
        "sql v3": ("POST", "/api/v3/query_sql", {"db": bucket, "q": "SELECT * FROM m"}),
    }
    return {name: hub.request(*request, token=token)[0] for name, request in asked.items()}


def writes(hub: HubProcess, bucket: str, token: str) -> dict[str, int]:
    """Write to a bucket by every route that writes, and return the statuses."""
    line = f"m v=1 {T}".encode()
    paths = (f"/write?db={bucket}", f"/api/v2/write?bucket={bucket}", f"/api/v3/write_lp?db={bucket}")
    return {path: hub.request("POST", path, line, token=token)[0] for path in paths}


def test_a_token_for_reading_one_bucket(hub: HubProcess, reader: str) -> None:
    assert set(reads(hub, "mine", reader).values()) == {200}
    for bucket in ("theirs", "telegraf", "nope"):
        assert set(reads(hub, bucket, reader).values()) == {403}
    for bucket in ("mine", "theirs", "nope"):
        assert set(writes(hub, bucket, reader).values()) == {403}


def test_a_token_for_writing_one_bucket(hub: HubProcess, writer: str) -> None:
    assert set(writes(hub, "mine", writer).values()) == {204}
    for bucket in ("theirs", "telegraf", "nope"):
        assert set(writes(hub, bucket, writer).values()) == {403}
    for bucket in ("mine", "theirs", "nope"):
        assert set(reads(hub, bucket, writer).values()) == {403}


def test_a_token_for_all_buckets(hub: HubProcess) -> None:
    token = new_token(hub, ("read", "buckets", None), ("write", "buckets", None))
    for bucket in ("mine", "theirs"):
        assert set(reads(hub, bucket, token).values()) == {200}
        assert set(writes(hub, bucket, token).values()) == {204}
    for path in ("/write?db=nope", "/api/v2/write?bucket=nope"):
        assert hub.request("POST", path, b"m v=1", token=token)[0] == 404
    status, _, body = hub.request("POST", "/api/v2/buckets", {"name": "new"}, token=token)
    assert status == 201
    path = f"/api/v2/buckets/{json.loads(body)['id']}"
    assert hub.request("DELETE", path, token=token)[0] == 204
    assert hub.request("POST", "/api/v2/authorizations", {}, token=token)[0] == 403


OPERATORS_ONLY = [
    ("POST", "/api/login-code"),
    ("GET", "/api/status"),
    ("GET", "/api/ledger"),
    ("GET", "/api/first-steps"),
    ("GET", "/api/buckets"),
    ("POST", "/api/buckets"),
    ("PATCH", "/api/buckets/mine"),
    ("DELETE", "/api/buckets/mine"),
    ("POST", "/api/v2/buckets"),
    ("POST", "/api/v2/orgs"),
    ("POST", "/api/v2/authorizations"),
    ("GET", "/api/v2/telegrafs"),
    ("POST", "/api/v2/telegrafs"),
    ("GET", "/api/v2/telegrafs/0123456789abcdef"),
]


@pytest.mark.parametrize(("method", "path"), OPERATORS_ONLY)
def test_what_is_the_operators(hub: HubProcess, reader: str, writer: str, method: str, path: str) -> None:
    for token in (reader, writer):
        status, headers, body = hub.request(method, path, None if method == "GET" else b"{}", token=token)
        assert (status, json.loads(body)["code"]) == (403, "forbidden")
        assert headers["x-platform-error-code"] == "forbidden"
        assert hub.token.encode() not in body


FOR_WHOEVER_IS_KNOWN = {
    "GET /api/session",
    "DELETE /api/session",
    "GET /api/v2/me",
    "GET /api/v2/users",
    "GET /api/v2/orgs",
    "GET /api/v2/buckets",
    "GET /api/alerts",
    "GET /api/v2/dbrps",
    "GET /api/v2/authorizations",
    "POST /api/v2/signin",
    "POST /api/v2/signout",
}
FOR_EVERYBODY = {
    "GET /",
    "GET /ping",
    "POST /ping",
    "GET /health",
    "GET /ready",
    "GET /api/v2",
    "GET /api/v2/setup",
}


def test_a_token_that_may_do_nothing_here_opens_no_route(hub: HubProcess) -> None:
    """Whatever route is added, it asks for rights, or it is named above."""
    token = new_token(hub, ("read", "tasks", None))
    known = FOR_WHOEVER_IS_KNOWN | FOR_EVERYBODY
    for route in ROUTES:
        assert isinstance(route, Route | WebSocketRoute)
        if isinstance(route, WebSocketRoute):
            continue
        for method in (route.methods or set()) - {"HEAD"}:
            path = (
                route.path.replace(":path", "").replace("{name}", "mine").replace("{id}", "0123456789abcdef")
            )
            status, _, body = hub.request(method, path, None if method == "GET" else b"{}", token=token)
            if f"{method} {route.path}" not in known:
                refused = (401,) if path.startswith("/api/shared/") else (400, 403, 404, 422)
                assert status in refused, (method, path, body)
                assert hub.token.encode() not in body


def test_the_page_is_not_opened_by_such_a_token(hub: HubProcess, reader: str) -> None:
    status, headers, _ = hub.request("POST", "/api/session", {"token": reader}, token=None)
    assert (status, "set-cookie" in headers) == (403, False)


def live(hub: HubProcess, bucket: str, token: str) -> str:
    url = hub.http_url.replace("http", "ws", 1)
    headers = {"Authorization": f"Token {token}"}
    with connect(f"{url}/api/live?bucket={bucket}", additional_headers=headers, open_timeout=120) as socket:
        try:
            return str(json.loads(socket.recv(10))["type"])
        except ConnectionClosed as closed:
            return str(closed.rcvd.code if closed.rcvd else None)


def test_live_points_are_for_who_may_read(hub: HubProcess, reader: str, writer: str) -> None:
    assert live(hub, "mine", reader) == "hello"
    assert live(hub, "theirs", reader) == "4401"
    assert live(hub, "mine", writer) == "4401"


def test_live_points_end_with_the_token(hub: HubProcess) -> None:
    token = new_token(hub, ("read", "buckets", "mine"))
    [mine] = json.loads(hub.request("GET", "/api/v2/authorizations", token=token)[2])["authorizations"]
    url = hub.http_url.replace("http", "ws", 1)
    headers = {"Authorization": f"Token {token}"}
    with connect(f"{url}/api/live?bucket=mine", additional_headers=headers, open_timeout=120) as socket:
        assert json.loads(socket.recv(10))["type"] == "hello"
        assert hub.write(f"m v=2 {T + 1}", bucket="mine") == 204
        assert json.loads(socket.recv(10))["type"] == "points"
        assert hub.request("DELETE", f"/api/v2/authorizations/{mine['id']}")[0] == 204
        assert hub.write(f"m v=2 {T + 1}", bucket="mine") == 204
        with pytest.raises(ConnectionClosed):
            socket.recv(30)


def test_a_session_has_the_rights_of_its_token_and_ends_with_it(hub: HubProcess) -> None:
    token = new_token(hub, ("read", "buckets", "mine"))
    basic = {"Authorization": "Basic " + base64.b64encode(f"me:{token}".encode()).decode()}
    status, headers, _ = hub.request("POST", "/api/v2/signin", b"", token=None, headers=basic)
    assert status == 204
    cookie = {"Cookie": headers["set-cookie"].partition(";")[0]}

    def schema(bucket: str) -> int:
        return hub.request("GET", f"/api/schema?bucket={bucket}", token=None, headers=cookie)[0]

    assert (schema("mine"), schema("theirs")) == (200, 403)
    own = json.loads(hub.request("GET", "/api/v2/authorizations", token=None, headers=cookie)[2])
    (shown,) = own["authorizations"]
    path = f"/api/v2/authorizations/{shown['id']}"
    assert hub.request("PATCH", path, {"status": "inactive"})[0] == 200
    assert schema("mine") == 401
    assert hub.request("PATCH", path, {"status": "active"})[0] == 200
    assert schema("mine") == 200
    assert hub.request("DELETE", path)[0] == 204
    assert schema("mine") == 401


def test_a_sign_out_ends_the_session(hub: HubProcess) -> None:
    basic = {"Authorization": "Basic " + base64.b64encode(f"me:{hub.token}".encode()).decode()}
    headers = hub.request("POST", "/api/v2/signin", b"", token=None, headers=basic)[1]
    cookie = {"Cookie": headers["set-cookie"].partition(";")[0]}
    assert hub.request("GET", "/api/v2/me", token=None, headers=cookie)[0] == 200
    lured = cookie | {"Origin": "http://evil.example"}
    assert hub.request("POST", "/api/v2/signout", b"", token=None, headers=lured)[0] == 401
    assert hub.request("POST", "/api/v2/signout", b"", token=None, headers=cookie)[0] == 204
    assert hub.request("GET", "/api/v2/me", token=None, headers=cookie)[0] == 401


def test_nobody_gives_what_they_do_not_have(hub: HubProcess) -> None:
    granter = new_token(hub, ("write", "authorizations", None), ("read", "buckets", "mine"))

    def grant(*permissions: dict[str, Any]) -> int:
        return hub.request(
            "POST", "/api/v2/authorizations", {"permissions": list(permissions)}, token=granter
        )[0]

    def bucket(action: str, **one: str) -> dict[str, Any]:
        return {"action": action, "resource": {"type": "buckets"} | one}

    assert grant(bucket("read", name="mine")) == 201
    assert grant(bucket("read")) == 403
    assert grant(bucket("read", name="theirs")) == 403
    assert grant(bucket("write", name="mine")) == 403
    assert grant(bucket("read", name="mine"), bucket("read", name="theirs")) == 403
    assert grant(bucket("read", name="nope")) == 404
    for malformed in (bucket("read", id=""), bucket("read", name=""), bucket("erase"), {"action": "read"}):
        assert grant(malformed) == 400
    assert grant() == 400
    stronger = json.loads(hub.request("GET", "/api/v2/authorizations")[2])["authorizations"]
    for entry in stronger:
        if any(p["action"] == "write" and p["resource"]["type"] == "buckets" for p in entry["permissions"]):
            path = f"/api/v2/authorizations/{entry['id']}"
            assert hub.request("DELETE", path, token=granter)[0] in (403, 422)


def test_a_bucket_made_anew_is_another_one(hub: HubProcess) -> None:
    hub.request("POST", "/api/buckets", {"name": "brief"})
    token = new_token(hub, ("write", "buckets", "brief"))
    assert set(writes(hub, "brief", token).values()) == {204}
    hub.request("DELETE", "/api/buckets/brief")
    assert set(writes(hub, "brief", token).values()) == {403}
    hub.request("POST", "/api/buckets", {"name": "brief"})
    assert set(writes(hub, "brief", token).values()) == {403}


def test_every_form_carries_the_rights(hub: HubProcess, writer: str) -> None:
    basic = "Basic " + base64.b64encode(f"any:{writer}".encode()).decode()
    for sent in (f"Token {writer}", f"Token any:{writer}", f"Bearer {writer}", basic):
        for bucket, status in (("mine", 204), ("theirs", 403)):
            answer = hub.request(
                "POST", f"/write?db={bucket}", b"m v=1", token=None, headers={"Authorization": sent}
            )
            assert answer[0] == status
    in_url = urlencode({"u": "any", "p": writer})
    assert hub.request("POST", f"/write?db=mine&{in_url}", b"m v=1", token=None)[0] == 204
    status, headers, body = hub.request("POST", f"/write?db=theirs&{in_url}", b"m v=1", token=None)
    assert (status, "theirs" in json.loads(body)["error"]) == (403, True)
    assert headers["x-influxdb-error"] == json.loads(body)["error"]


def test_tokens_outlive_a_restart_and_are_nowhere_in_clear(hub: HubProcess, writer: str) -> None:
    hub.stop()
    hub.start()
    assert writes(hub, "mine", writer)["/write?db=mine"] == 204
    assert writes(hub, "theirs", writer)["/write?db=theirs"] == 403
    kept = b"".join(path.read_bytes() for path in hub.home.glob("catalog.db*"))
    assert writer.encode() not in kept
    assert writer not in hub.log
    assert "Traceback" not in hub.log
