"""The hub's other routes: health, schema, devices, queries, and what every answer carries."""

from __future__ import annotations

import gzip
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
    ("GET", "/api/v2/dbrps/{id}"),
    ("PATCH", "/api/v2/dbrps/{id}"),
    ("DELETE", "/api/v2/dbrps/{id}"),
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
    ("GET", "/api/v3/query_influxql"),
    ("POST", "/write?db=telegraf"),
    ("GET", "/api/dashboards"),
    ("POST", "/api/dashboards/import"),
    ("GET", "/api/dashboards/{uid}"),
    ("PUT", "/api/dashboards/{uid}"),
    ("DELETE", "/api/dashboards/{uid}"),
    ("POST", "/api/dashboards/{uid}/copy"),
    ("GET", "/api/dashboards/{uid}/export"),
    ("GET", "/api/dashboards/{uid}/versions"),
    ("POST", "/api/dashboards/{uid}/restore"),
    ("POST", "/api/dashboards/{uid}/share"),
    ("DELETE", "/api/dashboards/{uid}/share"),
    ("POST", "/api/panels/query"),
    ("GET", "/api/variables"),
    ("GET", "/api/ingest"),
    ("POST", "/api/ingest"),
    ("POST", "/api/ingest/test"),
    ("DELETE", "/api/ingest/{name}"),
    ("GET", "/api/rules"),
    ("POST", "/api/rules"),
    ("POST", "/api/rules/test"),
    ("DELETE", "/api/rules/{name}"),
    ("POST", "/api/rules/{name}/ack"),
    ("GET", "/api/alerts"),
    ("GET", "/api/gateways"),
    ("PUT", "/api/gateways/{id}/rules"),
    ("POST", "/api/silences"),
    ("DELETE", "/api/silences/{id}"),
    ("GET", "/api/streams"),
    ("GET", "/api/streams/{name}/messages"),
    ("POST", "/api/consumers"),
    ("DELETE", "/api/consumers/{name}"),
    ("GET", "/api/consumers/{name}/messages"),
    ("POST", "/api/consumers/{name}/ack"),
    ("GET", "/api/topics"),
    ("GET", "/api/topics/history"),
    ("POST", "/api/topics/preview"),
    ("POST", "/api/topics/publish"),
    ("GET", "/api/identities/users"),
    ("POST", "/api/identities/users"),
    ("DELETE", "/api/identities/users/{name}"),
    ("POST", "/api/identities/users/{name}/password"),
    ("POST", "/api/identities/users/{name}/totp"),
    ("DELETE", "/api/identities/users/{name}/totp"),
    ("GET", "/api/identities/devices"),
    ("POST", "/api/identities/devices"),
    ("DELETE", "/api/identities/devices/{id}"),
    ("POST", "/api/identities/devices/{id}/rotate"),
    ("POST", "/api/identities/devices/{id}/enrol"),
    ("POST", "/api/identities/tokens/{id}/rotate"),
    ("GET", "/api/audit"),
    ("GET", "/api/topics/stored"),
]
BY_LINK = {f"/api/shared/{{link}}{end}" for end in ("", "/alerts", "/query", "/variables")}
"""Whoever has the link of a dashboard reads what it shows."""


@pytest.mark.parametrize(("method", "path"), PROTECTED)
def test_everything_else_needs_one(hub: HubProcess, method: str, path: str) -> None:
    for token in (None, "wrong"):
        assert hub.request(method, path, b"{}" if method == "POST" else None, token=token)[0] == 401


def test_every_route_is_either_open_or_protected() -> None:
    from heliograph.api.app import ROUTES

    known = {path.partition("?")[0] for _, path in PROTECTED}
    known |= {"/", "/ping", "/health", "/ready", "/api/live", "/api/v2", "/api/v2/setup"}
    known |= {"/api/enrol", "/ca.pem"}  # a board has nothing but its code yet
    known |= BY_LINK
    assert {getattr(route, "path", "").replace(":path", "") for route in ROUTES} == known


def test_files_of_the_page_travel_compressed_and_are_kept_by_browsers(hub: HubProcess) -> None:
    index = hub.request("GET", "/")[2]
    name = re.findall(rb'src="(/assets/app-[^"]+)"', index)
    if not name:
        pytest.skip("the page is not built here")
    for accepted, unpack in (("gzip", gzip.decompress), ("identity", bytes)):
        status, headers, body = hub.request("GET", name[0].decode(), headers={"Accept-Encoding": accepted})
        assert (status, headers["content-type"]) == (200, "text/javascript; charset=utf-8")
        assert "immutable" in headers["cache-control"]
        assert unpack(body).startswith(b"import")
    assert hub.request("GET", "/assets/nothing.js")[0] == 404


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
        {
            "name": "pi1",
            "tag": "host",
            "last_ms": BASE_MS + 29_000,
            "measurements": ["cpu", "mem"],
            "software": [],
        },
        {"name": "pi2", "tag": "host", "last_ms": BASE_MS + 2_000, "measurements": ["cpu"], "software": []},
        {"name": "", "tag": None, "last_ms": BASE_MS, "measurements": ["weather"], "software": []},
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
        for body in (b"", b"{", b"[]", b"\xff", b"[" * 10_000):
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
