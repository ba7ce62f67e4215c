"""``/query`` over HTTP: forms of questions and answers, errors, rights."""

from __future__ import annotations

import json
import struct
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.compatibility import covers
from tests.real.hub_process import HubProcess

LINES = "cpu,host=a v=1,n=2i 1000000000\ncpu,host=b v=2.5 2000000000\ncpu,host=a v=3 3500000000"


@pytest.fixture
def filled(hub: HubProcess) -> HubProcess:
    """A hub with the database d and three points."""
    ask(hub, "CREATE DATABASE d")
    assert hub.request("POST", "/write?db=d", LINES.encode())[0] == 204
    return hub


def ask(hub: HubProcess, text: str, method: str = "POST", **more: str) -> Any:
    parameters = {"q": text, "db": "d", **more}
    status, _, body = hub.request(method, f"/query?{urlencode(parameters)}")
    assert status == 200, body
    return [json.loads(line) for line in body.splitlines()] if "chunked" in more else json.loads(body)


def rows(answer: Any) -> Any:
    return answer["results"][0]["series"][0]["values"]


@pytest.mark.parametrize(("accepted", "packing"), [("gzip", "gzip"), ("gzip;q=0", None), ("identity", None)])
def test_answers_are_packed_for_those_who_take_it(
    filled: HubProcess, accepted: str, packing: str | None
) -> None:
    long = "\n".join(f"many,n={n} v={n} {n}" for n in range(200)).encode()
    assert filled.request("POST", "/write?db=d", long)[0] == 204
    question = urlencode({"q": "SELECT v FROM many GROUP BY n", "db": "d"})
    for path in (f"/query?{question}", f"/query?{question}&chunked=true", "/api/status"):
        status, headers, _ = filled.request("GET", path, headers={"Accept-Encoding": accepted})
        assert (status, headers.get("content-encoding")) == (200, packing), path


@covers("HTTP, InfluxDB 1.x", "`/query` with `epoch`")
def test_times_are_dates_or_numbers_of_a_unit(filled: HubProcess) -> None:
    text = "SELECT v FROM cpu"
    assert rows(ask(filled, text)) == [
        ["1970-01-01T00:00:01Z", 1],
        ["1970-01-01T00:00:02Z", 2.5],
        ["1970-01-01T00:00:03.5Z", 3],
    ]
    assert [row[0] for row in rows(ask(filled, text, epoch="ms"))] == [1000, 2000, 3500]
    assert [row[0] for row in rows(ask(filled, text, epoch="s"))] == [1, 2, 3]
    assert rows(ask(filled, f"{text} tz('Asia/Kolkata')"))[2][0] == "1970-01-01T05:30:03.5+05:30"


@covers("HTTP, InfluxDB 1.x", "`/query` by GET, POST, forms and `application/vnd.influxql`")
def test_a_form_and_a_body_of_influxql_are_read(filled: HubProcess) -> None:
    text = "SELECT count(v) FROM d..cpu"
    for kind, body in (
        ("application/x-www-form-urlencoded", urlencode({"q": text, "epoch": "s"})),
        ("application/vnd.influxql", text),
    ):
        _, _, answer = filled.request("POST", "/query", body.encode(), headers={"Content-Type": kind})
        assert rows(json.loads(answer))[0][1] == 3


def test_chunks_are_lines_that_say_whether_more_comes(filled: HubProcess) -> None:
    lines = ask(filled, "SELECT v FROM cpu; SHOW DATABASES", chunked="true", chunk_size="2")
    first, second, third = [line["results"][0] for line in lines]
    assert first["partial"]
    assert first["series"][0]["partial"]
    assert len(first["series"][0]["values"]) == 2
    assert "partial" not in second
    assert "partial" not in second["series"][0]
    assert third["statement_id"] == 1


@covers("HTTP, InfluxDB 1.x", "answers in CSV")
def test_csv_has_a_line_for_each_point(filled: HubProcess) -> None:
    path = f"/query?{urlencode({'db': 'd', 'q': 'SELECT v FROM cpu GROUP BY host'})}"
    _, headers, body = filled.request("GET", path, headers={"Accept": "application/csv"})
    assert headers["content-type"].startswith("text/csv")
    assert body.decode() == (
        "name,tags,time,v\ncpu,host=a,1000000000,1\ncpu,host=a,3500000000,3\ncpu,host=b,2000000000,2.5\n"
    )


@covers("HTTP, InfluxDB 1.x", "answers in MessagePack")
def test_messagepack_has_times_of_its_own_kind(filled: HubProcess) -> None:
    path = f"/query?{urlencode({'db': 'd', 'q': 'SELECT v FROM cpu LIMIT 1'})}"
    _, headers, body = filled.request("GET", path, headers={"Accept": "application/x-msgpack"})
    assert headers["content-type"] == "application/x-msgpack"
    assert struct.pack(">BBBqi", 0xC7, 12, 5, 1, 0) + struct.pack(">Bd", 0xCB, 1.0) in body


@covers("HTTP, InfluxDB 1.x", "`params`")
def test_parameters_are_values(filled: HubProcess) -> None:
    answer = ask(filled, "SELECT v FROM cpu WHERE host = $h AND v > $x", params='{"h": "a", "x": 1.5}')
    assert rows(answer) == [["1970-01-01T00:00:03.5Z", 3]]
    status, _, body = filled.request("GET", f"/query?{urlencode({'q': 'SELECT $x FROM m'})}")
    assert (status, json.loads(body)["error"]) == (400, "error parsing query: missing parameter: x")


@covers("HTTP, InfluxDB 1.x", "errors, `X-Influxdb-Error`, statements that are not executed")
def test_errors_have_influxdbs_words(filled: HubProcess) -> None:
    status, headers, body = filled.request("GET", "/query?db=d&q=SELECT")
    error = "error parsing query: found EOF, expected identifier, string, number, bool at line 1, char 8"
    assert (status, json.loads(body)) == (400, {"error": error})
    assert headers["x-influxdb-error"] == error
    assert filled.request("GET", "/query")[0] == 400
    assert filled.request("GET", "/query?q=SHOW+DATABASES", token=None)[0] == 401
    answer = ask(filled, "SELECT v FROM x.y.z; SHOW DATABASES")
    assert answer["results"] == [
        {"statement_id": 0, "error": "database not found: x"},
        {"statement_id": 1, "error": "not executed"},
    ]


@covers("HTTP, InfluxDB 1.x", "changes by GET, with a warning")
def test_a_change_by_get_is_done_with_a_warning(filled: HubProcess) -> None:
    (result,) = ask(filled, "CREATE DATABASE other", "GET")["results"]
    assert "please use a POST request instead" in result["messages"][0]["text"]
    assert ["other"] in rows(ask(filled, "SHOW DATABASES"))


@covers("HTTP, InfluxDB 1.x", "`db` and `rp` as buckets, without a mapping")
def test_policies_are_buckets_and_into_writes_to_them(filled: HubProcess) -> None:
    ask(filled, "CREATE RETENTION POLICY long ON d DURATION INF REPLICATION 1")
    answer = ask(filled, "SELECT mean(v) INTO d.long.means FROM cpu WHERE time >= 0 GROUP BY time(1m), *")
    assert rows(answer) == [["1970-01-01T00:00:00Z", 2]]
    assert rows(ask(filled, "SELECT mean FROM d.long.means WHERE host = 'a'")) == [
        ["1970-01-01T00:00:00Z", 2]
    ]
    names = {bucket["name"] for bucket in filled.json("GET", "/api/buckets")["buckets"]}
    assert {"d", "d/long"} <= names
    assert filled.request("POST", "/write?db=d&rp=long", b"m v=1 1")[0] == 204
    assert rows(ask(filled, "SELECT v FROM m", rp="long")) == [["1970-01-01T00:00:00.000000001Z", 1]]
    ask(filled, "DROP DATABASE d")
    assert not {"d", "d/long"} & {b["name"] for b in filled.json("GET", "/api/buckets")["buckets"]}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("DELETE FROM cpu WHERE host = 'a' AND time < 3s", [2.5, 3]),
        ("DELETE WHERE host =~ /a|c/", [2.5]),
        ("DROP SERIES FROM cpu WHERE host = 'b' OR host = 'c'", [1, 3]),
        ("DROP MEASUREMENT other", [1, 2.5, 3]),
    ],
)
def test_points_are_deleted(filled: HubProcess, text: str, left: list[float]) -> None:
    filled.request("POST", "/write?db=d", b"other v=1 1")
    assert ask(filled, text)["results"] == [{"statement_id": 0}]
    assert [row[1] for row in rows(ask(filled, "SELECT v FROM cpu"))] == left
    names = [name for (name,) in rows(ask(filled, "SHOW MEASUREMENTS"))]
    assert names == (["cpu"] if "other" in text else ["cpu", "other"])
    assert "fields not allowed" in ask(filled, "DELETE FROM cpu WHERE v = 1")["results"][0]["error"]


@covers("HTTP, InfluxDB 1.x", "rights of a token on every database of a statement")
def test_a_token_sees_only_what_it_may_read(filled: HubProcess) -> None:
    ask(filled, "CREATE DATABASE secret")
    buckets = filled.json("GET", "/api/v2/buckets?name=d")["buckets"]
    organization = filled.json("GET", "/api/v2/orgs")["orgs"][0]["id"]
    read = {"action": "read", "resource": {"type": "buckets", "id": buckets[0]["id"]}}
    _, _, made = filled.request(
        "POST", "/api/v2/authorizations", {"orgID": organization, "permissions": [read]}
    )
    token = json.loads(made)["token"]

    def answer(text: str) -> Any:
        path = f"/query?{urlencode({'q': text})}"
        return json.loads(filled.request("POST", path, token=token)[2])["results"][0]

    assert "series" in answer("SELECT v FROM d..cpu")
    for text in (
        "SELECT v FROM secret..cpu",
        "SELECT v FROM (SELECT v FROM secret..cpu)",
        "SHOW SERIES ON secret",
        "DROP DATABASE d",
        "SELECT v INTO d..copy FROM d..cpu",
    ):
        assert "token" in answer(text)["error"], text
