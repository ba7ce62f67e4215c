"""The hub's other routes: health, login, schema, devices, queries, and what every answer carries."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.real.hub_process import HubProcess

BASE_MS = 1_790_000_000_000


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """One hub with points of two devices and of none."""
    folder = tmp_path_factory.mktemp("api")
    with HubProcess(folder / "hub", "--no-agent") as running:
        lines = [
            f"cpu,host=pi{n},cpu=cpu{c} load={n + c},up=true,n={10 * n}u {BASE_MS + n * 1000}"
            for n in (1, 2)
            for c in (0, 1)
        ]
        lines += [f'mem,host=pi1 used={i}i,note="x" {BASE_MS + i * 1000}' for i in range(30)]
        lines += [f"weather temp=-3.5 {BASE_MS}"]
        assert running.write("\n".join(lines), precision="ms") == 204
        yield running


def ask(hub: HubProcess, *queries: dict[str, Any], **span: Any) -> tuple[int, Any]:
    body = {
        "start_ms": BASE_MS,
        "end_ms": BASE_MS + 60_000,
        "interval_ms": 10_000,
        "queries": list(queries),
    } | span
    status, _, answer = hub.request("POST", "/api/query", body)
    return status, json.loads(answer)


def test_ping(hub: HubProcess) -> None:
    for method in ("GET", "HEAD", "POST"):
        status, headers, body = hub.request(method, "/ping", token=None)
        assert (status, body) == (204, b"")
        assert re.match(r"v2\.\d+\.\d+", headers["x-influxdb-version"])
        assert headers["x-influxdb-build"] == "OSS"


def test_health_and_ready_need_no_login(hub: HubProcess) -> None:
    status, _, body = hub.request("GET", "/health", token=None)
    health = json.loads(body)
    assert (status, health["status"], health["name"]) == (200, "pass", "influxdb")
    status, _, body = hub.request("GET", "/ready", token=None)
    assert (status, json.loads(body)["status"]) == (200, "ready")


PROTECTED = [
    ("GET", "/api/session"),
    ("POST", "/api/login-code"),
    ("GET", "/api/schema"),
    ("GET", "/api/devices"),
    ("POST", "/api/query"),
    ("GET", "/query"),
    ("POST", "/query"),
    ("POST", "/api/series"),
    ("POST", "/api/sql"),
    ("POST", "/api/v2/query"),
    ("GET", "/api/status"),
    ("GET", "/api/ledger"),
    ("GET", "/api/first-steps"),
    ("POST", "/api/delete"),
    ("POST", "/api/backup"),
    ("GET", "/api/buckets"),
    ("POST", "/api/buckets"),
    ("PATCH", "/api/buckets/{name}"),
    ("DELETE", "/api/buckets/{name}"),
    ("GET", "/api/v2/me"),
    ("GET", "/api/v2/users"),
    ("GET", "/api/v2/orgs"),
    ("POST", "/api/v2/orgs"),
    ("GET", "/api/v2/orgs/{id}"),
    ("PATCH", "/api/v2/orgs/{id}"),
    ("DELETE", "/api/v2/orgs/{id}"),
    ("GET", "/api/v2/dbrps"),
    ("POST", "/api/v2/dbrps"),
    ("GET", "/api/v2/buckets"),
    ("POST", "/api/v2/buckets"),
    ("GET", "/api/v2/buckets/{id}"),
    ("PATCH", "/api/v2/buckets/{id}"),
    ("DELETE", "/api/v2/buckets/{id}"),
    ("GET", "/api/v2/authorizations"),
    ("POST", "/api/v2/authorizations"),
    ("GET", "/api/v2/authorizations/{id}"),
    ("PATCH", "/api/v2/authorizations/{id}"),
    ("DELETE", "/api/v2/authorizations/{id}"),
    ("GET", "/api/v2/telegrafs"),
    ("POST", "/api/v2/telegrafs"),
    ("GET", "/api/v2/telegrafs/{id}"),
    ("PUT", "/api/v2/telegrafs/{id}"),
    ("DELETE", "/api/v2/telegrafs/{id}"),
    ("POST", "/api/v2/signin"),
    ("POST", "/api/v2/signout"),
    ("POST", "/api/v2/delete?bucket=telegraf"),
    ("POST", "/api/v2/write?bucket=telegraf"),
    ("POST", "/api/v3/write_lp?db=telegraf"),
    ("GET", "/api/v3/query_sql"),
    ("POST", "/write?db=telegraf"),
]


@pytest.mark.parametrize(("method", "path"), PROTECTED)
def test_everything_else_needs_one(hub: HubProcess, method: str, path: str) -> None:
    for token in (None, "wrong"):
        assert hub.request(method, path, b"{}" if method == "POST" else None, token=token)[0] == 401


def test_every_route_is_either_open_or_protected() -> None:
    from heliograph.api.app import ROUTES

    known = {path.partition("?")[0] for _, path in PROTECTED}
    known |= {"/", "/ping", "/health", "/ready", "/api/live", "/api/v2", "/api/v2/setup"}
    assert {getattr(route, "path", "").replace(":path", "") for route in ROUTES} == known


def test_paths_and_methods_that_do_not_exist(hub: HubProcess) -> None:
    for path in (
        "/nope",
        "/api/nope",
        "/assets/../../operator.token",
        "/assets/%2e%2e/%2e%2e/operator.token",
    ):
        status, headers, body = hub.request("GET", path)
        assert (status, json.loads(body)["code"]) == (404, "not found")
        assert headers["x-platform-error-code"] == "not found"
    for method, path in (
        ("GET", "/write"),
        ("PUT", "/api/session"),
        ("DELETE", "/api/status"),
        ("POST", "/health"),
    ):
        status, headers, body = hub.request(method, path, b"" if method in ("PUT", "POST") else None)
        assert (status, json.loads(body)["code"]) == (405, "method not allowed")
        assert headers["allow"]


@pytest.mark.parametrize("path", ["/", "/ping", "/nope", "/api/status", "/health"])
def test_every_answer_carries_the_security_headers(hub: HubProcess, path: str) -> None:
    for token in ("", None):
        headers = hub.request("GET", path, token=token)[1]
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-eval" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "server" not in headers
        assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8086", "127.0.0.1.evil.example", "", "10.0.0.1"]
)
def test_a_foreign_host_name_is_refused_even_with_the_token(hub: HubProcess, host: str) -> None:
    for path in ("/", "/ping", "/api/status"):
        status, headers, body = hub.request("GET", path, headers={"Host": host})
        assert (status, json.loads(body)["code"]) == (403, "forbidden")
        assert hub.token.encode() not in body
    assert headers["content-type"] == "application/json"


def test_other_names_of_this_machine_are_accepted(hub: HubProcess) -> None:
    port = urlsplit(hub.http_url).port
    for host in (f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}", "localhost"):
        assert hub.request("GET", "/api/status", headers={"Host": host})[0] == 200


def cookie_of(headers: dict[str, str]) -> str:
    return headers["set-cookie"].partition(";")[0]


def log_in(hub: HubProcess, body: dict[str, Any], **headers: str) -> tuple[int, dict[str, str]]:
    status, answered, _ = hub.request("POST", "/api/session", body, token=None, headers=headers)
    return status, answered


def test_the_printed_link_logs_in_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    with HubProcess(tmp_path_factory.mktemp("login") / "hub", "--no-agent") as fresh:
        found = re.search(r"/#login=([A-Za-z0-9_-]+)", fresh.log)
        assert found, fresh.log
        status, headers = log_in(fresh, {"code": found[1]})
        assert status == 200
        cookie = cookie_of(headers)
        status, _, body = fresh.request("GET", "/api/session", token=None, headers={"Cookie": cookie})
        who = json.loads(body)
        assert (status, who["user"], who["hub"]["version"]) == (200, "operator", "0.1.0")
        assert log_in(fresh, {"code": found[1]})[0] == 401
        fresh.stop()
        fresh.start()
        assert fresh.request("GET", "/api/status", token=None, headers={"Cookie": cookie})[0] == 200


def test_the_cookie_is_kept_from_scripts_and_other_sites(hub: HubProcess) -> None:
    attributes = log_in(hub, {"token": hub.token})[1]["set-cookie"].lower()
    assert "httponly" in attributes
    assert "samesite=strict" in attributes
    assert "path=/" in attributes
    assert hub.token.lower() not in attributes


def test_a_session_ends_with_the_log_out(hub: HubProcess) -> None:
    cookie = cookie_of(log_in(hub, {"token": hub.token})[1])
    assert hub.request("GET", "/api/schema", token=None, headers={"Cookie": cookie})[0] == 200
    assert hub.request("DELETE", "/api/session", token=None, headers={"Cookie": cookie})[0] == 204
    assert hub.request("GET", "/api/schema", token=None, headers={"Cookie": cookie})[0] == 401
    assert hub.request("DELETE", "/api/session", token=None)[0] == 204, "logging out twice is no error"


def test_wrong_logins(hub: HubProcess) -> None:
    for wrong in ({"code": "wrong"}, {"token": "wrong"}, {"code": ""}, {"token": ""}):
        status, headers = log_in(hub, wrong)
        assert status == 401
        assert "set-cookie" not in headers
    for odd in ({}, {"code": 7}, {"code": None}, {"code": "\ud800"}):
        assert log_in(hub, odd)[0] == 400


def test_a_fresh_code_needs_the_token(hub: HubProcess) -> None:
    code = json.loads(hub.request("POST", "/api/login-code", b"")[2])["code"]
    assert log_in(hub, {"code": code})[0] == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:1", "null"])
def test_a_page_of_another_origin_gets_nothing(hub: HubProcess, origin: str) -> None:
    code = json.loads(hub.request("POST", "/api/login-code", b"")[2])["code"]
    assert log_in(hub, {"code": code}, Origin=origin)[0] == 401
    status, headers = log_in(hub, {"code": code}, Origin=hub.http_url)
    assert status == 200, "the code was not used up by the stranger"
    lured = {"Cookie": cookie_of(headers), "Origin": origin}
    for method, path in (
        ("POST", "/api/v2/write?bucket=telegraf"),
        ("POST", "/api/v3/write_lp?db=telegraf"),
        ("GET", "/api/v3/query_sql"),
        ("POST", "/api/sql"),
        ("POST", "/api/v2/query"),
        ("DELETE", "/api/session"),
    ):
        body = b"csrf v=1" if method == "POST" else None
        assert hub.request(method, path, body, token=None, headers=lured)[0] == 401
    assert hub.request("GET", "/api/session", token=None, headers={"Cookie": lured["Cookie"]})[0] == 200


def test_schema(hub: HubProcess) -> None:
    answer = hub.json("GET", "/api/schema?bucket=telegraf")
    assert answer["bucket"] == "telegraf"
    assert answer["measurements"] == [
        {
            "name": "cpu",
            "tags": ["cpu", "host"],
            "fields": {"load": "float", "n": "unsigned", "up": "boolean"},
            "last_ms": BASE_MS + 2_000,
        },
        {
            "name": "mem",
            "tags": ["host"],
            "fields": {"note": "string", "used": "integer"},
            "last_ms": BASE_MS + 29_000,
        },
        {"name": "weather", "tags": [], "fields": {"temp": "float"}, "last_ms": BASE_MS},
    ]
    assert hub.request("GET", "/api/schema?bucket=nope")[0] == 404


def test_devices(hub: HubProcess) -> None:
    assert hub.json("GET", "/api/devices")["devices"] == [
        {"name": "pi1", "tag": "host", "last_ms": BASE_MS + 29_000, "measurements": ["cpu", "mem"]},
        {"name": "pi2", "tag": "host", "last_ms": BASE_MS + 2_000, "measurements": ["cpu"]},
        {"name": "", "tag": None, "last_ms": BASE_MS, "measurements": ["weather"]},
    ]


def test_series_and_the_values_of_their_tags(hub: HubProcess) -> None:
    def asked(**question: Any) -> Any:
        return hub.json("POST", "/api/series", question)

    assert asked(tag="host") == {"tag": "host", "values": ["pi1", "pi2"]}
    assert asked(tag="host", measurement="mem") == {"tag": "host", "values": ["pi1"]}
    assert asked(tag="host", where={"cpu": ["cpu0"]})["values"] == ["pi1", "pi2"]
    assert asked(tag="nope")["values"] == []
    assert asked(measurement="nope")["series"] == []
    assert asked(measurement="mem") == {
        "series": [{"measurement": "mem", "tags": {"host": "pi1"}, "last_ms": BASE_MS + 29_000}]
    }
    without_host = asked(where={"host": [""]})["series"]
    assert [(s["measurement"], s["tags"]) for s in without_host] == [("weather", {})]
    assert hub.request("POST", "/api/series", {"bucket": "nope"})[0] == 404
    assert hub.request("POST", "/api/series", {"where": {"host": "pi1"}})[0] == 400


def test_conditions_limits_and_points(hub: HubProcess) -> None:
    used = {"measurement": "mem", "fields": ["used"]}
    status, answer = ask(
        hub,
        used | {"fn": "points", "group_by": ["host"], "conditions": [["used", ">=", 0]], "limit": 2},
        used | {"fn": "count", "conditions": [["used", "<", -1]]},
        used | {"fn": "points", "fields": ["note", "used"], "newest": True, "limit": 1},
        used | {"conditions": [["used", "~", 1]]},
        used | {"conditions": [["note", ">", 1]]},
        used | {"conditions": ["used > 1"]},
        used | {"fn": "points", "limit": 0},
        used | {"limit": -1},
    )
    assert status == 200
    first, none, newest, *wrong = answer["results"]
    assert first["tags"] == {"host": ["pi1", "pi1"]}
    assert len(first["fields"]["used"]) == len(first["time_ms"]) == 2
    assert first["truncated"]
    assert none["series"] == []
    assert newest["time_ms"] == [BASE_MS + 29_000]
    messages = [result["error"] for result in wrong]
    assert "one of = != < <= > >=" in messages[0]
    assert "needs numbers" in messages[1]
    assert "[field, comparison, number]" in messages[2]
    assert all("limit must be" in message for message in messages[3:])


def test_several_queries_answer_or_fail_by_themselves(hub: HubProcess) -> None:
    status, answer = ask(
        hub,
        {"id": "a", "measurement": "cpu", "fields": ["load"], "group_by": ["host"]},
        {"id": "b", "measurement": "nope", "fields": ["v"]},
        {"id": "c", "measurement": "mem", "fields": ["nope"]},
        {"id": "d", "measurement": "mem", "fields": ["note"]},
        {"id": "e", "measurement": "mem", "fields": ["used"], "rate": True},
        {"id": "f", "measurement": "mem", "fields": ["used"], "fn": "median"},
        {"id": "g", "measurement": "mem", "fields": []},
        {"id": "h", "measurement": "mem", "fields": ["used"], "where": {"host": ["pi2"]}},
    )
    assert status == 200
    results = {result.pop("id"): result for result in answer["results"]}
    assert results["a"] == {
        "time_ms": [BASE_MS],
        "series": [
            {"field": "load", "tags": {"host": "pi1"}, "values": [1.5]},
            {"field": "load", "tags": {"host": "pi2"}, "values": [2.5]},
        ],
    }
    assert results["b"] == {"error": 'measurement "nope" not found'}
    assert results["c"] == {"error": 'field "nope" not found on measurement "mem"'}
    assert "mean needs numbers" in results["d"]["error"]
    assert results["e"]["time_ms"] == [BASE_MS + 10_000, BASE_MS + 20_000]
    assert results["e"]["series"][0]["values"] == [1.0, 1.0]
    assert "fn must be one of mean" in results["f"]["error"]
    assert "at least one field" in results["g"]["error"]
    assert results["h"] == {"time_ms": [], "series": []}


GOOD = {"id": "x", "measurement": "cpu", "fields": ["load"]}


@pytest.mark.parametrize(
    ("span", "reason"),
    [
        ({"queries": []}, "1 to 64 entries, 0 came"),
        ({"queries": [GOOD] * 65}, "1 to 64 entries, 65 came"),
        ({"queries": "x"}, "queries must be of type list"),
        ({"queries": ["x"]}, "must be an object"),
        ({"interval_ms": 0}, "longer than nothing"),
        ({"interval_ms": -5}, "longer than nothing"),
        ({"end_ms": BASE_MS}, "end must be after its start"),
        ({"start_ms": "yesterday"}, "start_ms must be of type int"),
        ({"start_ms": True}, "start_ms must be of type int"),
        ({"start_ms": 1.5}, "start_ms must be of type int"),
        ({"start_ms": -(10**18)}, "outside the range of times"),
        ({"bucket": 7}, "bucket must be of type str"),
    ],
)
def test_requests_that_make_no_sense_are_refused_as_a_whole(
    hub: HubProcess, span: dict[str, Any], reason: str
) -> None:
    status, answer = ask(hub, GOOD, **span)
    assert (status, answer["code"]) == (400, "invalid")
    assert reason in answer["message"]


@pytest.mark.parametrize(
    "entry",
    [
        {"measurement": 7},
        {"fields": "load"},
        {"fields": [1]},
        {"where": []},
        {"where": {"host": "a"}},
        {"rate": 1},
    ],
)
def test_entries_of_a_wrong_kind_are_told(hub: HubProcess, entry: dict[str, Any]) -> None:
    status, answer = ask(hub, GOOD | entry, GOOD)
    assert status == 200
    assert "must" in answer["results"][0]["error"]
    assert answer["results"][1]["series"]


def test_bodies_that_are_no_json(hub: HubProcess) -> None:
    for path in ("/api/query", "/api/sql", "/api/session"):
        for body in (b"", b"{", b"[]", b"\xff", b"[" * 100_000):
            status, _, answer = hub.request("POST", path, body)
            assert (status, json.loads(answer)["code"]) == (400, "invalid")
        assert hub.request("POST", path, b" " * (2**20 + 1))[0] == 413


def test_the_longest_range_in_one_interval(hub: HubProcess) -> None:
    far = 9 * 10**12
    status, answer = ask(hub, GOOD | {"fn": "count"}, start_ms=-far, end_ms=far, interval_ms=far)
    assert status == 200
    assert answer["results"][0]["series"][0]["values"] == [4]


def test_status_and_first_steps(hub: HubProcess) -> None:
    status = hub.status()
    assert status["hub"]["version"] == "0.1.0"
    assert status["counters"]["http_points"] >= 35
    assert {s["name"] for s in status["streams"]} == {"LP", "$MQTT_msgs"}
    assert status["warnings"] == []
    ways = {way["id"]: way["text"] for way in hub.json("GET", "/api/first-steps")["ways"]}
    assert str(hub.mqtt_port) in ways["mosquitto_pub"]
    assert hub.token in ways["telegraf"]
    assert hub.http_url in ways["influxdb-client"]


def test_no_route_failed_by_a_fault_of_ours(hub: HubProcess) -> None:
    assert "Traceback" not in hub.log
