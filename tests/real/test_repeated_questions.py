"""Plain questions to ``/query`` come again: the same answer comes, and another one once something changed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.real.hub_process import HubProcess

MANY = "SELECT * FROM cpu GROUP BY host"


def path_of(text: str, more: str = "") -> str:
    return f"/query?db=telegraf&epoch=s{more}&q={quote(text)}"


def write(hub: HubProcess, *lines: str) -> None:
    assert hub.request("POST", "/write?db=telegraf&precision=s", "\n".join(lines).encode())[0] == 204


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("hub"), "--no-agent") as running:
        write(running, *(f"cpu,host=h{n % 5} v={n},n={n}i {1_700_000_000 + n}" for n in range(200)))
        yield running


def test_the_same_answer_comes_again_until_points_do(hub: HubProcess) -> None:
    path = path_of("SELECT last(v) FROM cpu")
    answers = [hub.request("GET", path)[2] for _ in range(4)]
    assert answers == [answers[0]] * 4
    write(hub, "cpu,host=h0 v=7 1700001000")
    (result,) = json.loads(hub.request("GET", path)[2])["results"]
    assert result["series"][0]["values"] == [[1_700_001_000, 7]]


def test_headers_are_those_of_every_other_way(hub: HubProcess) -> None:
    path = path_of("SHOW MEASUREMENTS")
    for _ in range(3):
        status, headers, _ = hub.request("GET", path)
        assert (status, headers["x-influxdb-build"], headers["x-content-type-options"]) == (
            200,
            "OSS",
            "nosniff",
        )
        assert headers["content-type"] == "application/json"
        assert "content-security-policy" in headers


def test_long_answers_are_compressed_for_who_takes_it(hub: HubProcess) -> None:
    plain = hub.request("GET", path_of(MANY))[2]
    for _ in range(3):
        _, headers, packed = hub.request("GET", path_of(MANY), headers={"Accept-Encoding": "gzip"})
        assert headers["content-encoding"] == "gzip"
        assert headers["content-length"] == str(len(packed))
        assert headers["vary"] == "Accept-Encoding"
        assert gzip.decompress(packed) == plain
        assert "content-encoding" not in hub.request("GET", path_of(MANY))[1]


def test_formats_do_not_mix(hub: HubProcess) -> None:
    path = path_of(MANY)
    for _ in range(2):
        assert hub.request("GET", path)[2].startswith(b"{")
        assert hub.request("GET", path, headers={"Accept": "application/csv"})[2].startswith(b"name,")
        assert hub.request("GET", path_of(MANY, "&pretty=true"))[2].startswith(b"{\n")
        assert (
            hub.request("GET", path_of(MANY, "&%63hunked=true&chunk_size=10"))[2].count(b'"partial":true') > 1
        )


def test_a_kept_answer_is_for_who_may_have_it(hub: HubProcess) -> None:
    (bucket,) = json.loads(hub.request("GET", "/api/v2/buckets?name=telegraf")[2])["buckets"]
    permission = {"action": "read", "resource": {"type": "buckets", "id": bucket["id"]}}
    made = json.loads(hub.request("POST", "/api/v2/authorizations", {"permissions": [permission]})[2])
    path = path_of("SELECT count(v) FROM cpu")
    for _ in range(3):
        assert hub.request("GET", path, token=made["token"])[0] == 200
    assert hub.request("GET", path, token=None)[0] == 401
    assert hub.request("GET", path, token=None, headers={"Authorization": "Other x"})[0] == 401
    assert hub.request("GET", path, headers={"Host": "evil.example"})[0] == 403
    assert hub.request("DELETE", f"/api/v2/authorizations/{made['id']}")[0] == 204
    assert hub.request("GET", path, token=made["token"])[0] == 401
    assert hub.request("GET", path)[0] == 200


def test_a_user_whose_right_is_taken_reads_no_more(hub: HubProcess) -> None:
    for text in ("CREATE USER ada WITH PASSWORD 'secret'", "GRANT READ ON telegraf TO ada"):
        assert hub.request("POST", f"/query?q={quote(text)}")[0] == 200
    path = path_of("SELECT count(v) FROM cpu", "&u=ada&p=secret")
    answers = [hub.request("GET", path, token=None)[2] for _ in range(3)]
    assert answers == [answers[0]] * 3
    assert b'"count"' in answers[0]
    hub.request("POST", f"/query?q={quote('REVOKE READ ON telegraf FROM ada')}")
    assert b"may not read" in hub.request("GET", path, token=None)[2]


def test_names_of_databases_are_not_told_to_who_may_not_read_them(hub: HubProcess) -> None:
    hub.request("POST", f"/query?q={quote('CREATE DATABASE hidden')}")
    made = json.loads(hub.request("POST", "/api/v2/buckets", {"name": "own", "retentionRules": []})[2])
    permission = {"action": "read", "resource": {"type": "buckets", "id": made["id"]}}
    token = json.loads(hub.request("POST", "/api/v2/authorizations", {"permissions": [permission]})[2])[
        "token"
    ]
    texts = (
        'SELECT * FROM "{}"..m',
        'SELECT * FROM "{}"."other"."m"',
        "SHOW MEASUREMENTS ON {}",
        "SHOW TAG KEYS ON {}",
        "SHOW FIELD KEYS ON {}",
        "SHOW SERIES ON {}",
        "SHOW RETENTION POLICIES ON {}",
        'SELECT * INTO "{}"."p"."x" FROM own..m',
        "EXPLAIN SELECT v FROM {}..m",
        "DROP DATABASE {}",
    )
    for text in texts:
        told = [
            hub.request("POST", f"/query?q={quote(text.format(name))}", token=token)[2].replace(
                name.encode(), b"NAME"
            )
            for name in ("hidden", "absent")
        ]
        assert told[0] == told[1], text
        assert b"error" in told[0], text
    for path in ("/api/v3/query_influxql?db={}&q=SHOW+MEASUREMENTS", "/api/v3/query_sql?db={}&q=SELECT+1"):
        answers = [
            (status, body.replace(name.encode(), b"NAME"))
            for name in ("hidden", "absent")
            for status, _, body in [hub.request("GET", path.format(name), token=token)]
        ]
        assert answers[0] == answers[1], path
    flux = [f'from(bucket: "{name}") |> range(start: 0)' for name in ("hidden", "absent")]
    told = [hub.request("POST", "/api/v2/query", {"query": text}, token=token)[2] for text in flux]
    assert told[0].replace(b"hidden", b"absent") == told[1]


def test_what_is_of_the_whole_hub_is_for_the_operator(hub: HubProcess) -> None:
    (bucket,) = json.loads(hub.request("GET", "/api/v2/buckets?name=telegraf")[2])["buckets"]
    permission = {"action": "read", "resource": {"type": "buckets", "id": bucket["id"]}}
    token = json.loads(hub.request("POST", "/api/v2/authorizations", {"permissions": [permission]})[2])[
        "token"
    ]
    for text in ("SHOW STATS", "SHOW DIAGNOSTICS", "SHOW USERS", "SHOW SUBSCRIPTIONS"):
        assert b"only the operator" in hub.request("GET", path_of(text), token=token)[2], text
        assert b"error" not in hub.request("GET", path_of(text))[2], text


def test_texts_have_a_bound(hub: HubProcess) -> None:
    text = "SELECT v FROM cpu WHERE " + " OR ".join(["host = 'a'"] * 30_000)
    status, _, body = hub.request("POST", "/query?db=telegraf", f"q={quote(text)}".encode())
    assert (status, b"characters" in body) == (400, True)
    status, _, body = hub.request("POST", "/api/v2/query", {"query": "x = " + "+".join(["1"] * 200_000)})
    assert (status, b"characters" in body) == (400, True)
