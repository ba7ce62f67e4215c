"""What Grafana's InfluxDB data source sends, request by request: the hub's answers are influxd's.

Source: Grafana's pkg/tsdb/influxdb and its query builder, condensed as requests.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlencode

import pytest

from tests.compatibility import covers
from tests.real.both_servers import Address, Answer, Pair, hub_and_influxd
from tests.real.test_influxd_oracle import INFLUXD
from tests.real.test_influxql_oracle import same

START_S: Final = 1_790_000_000
RANGE: Final = f"time >= {START_S}000ms and time <= {START_S + 600}000ms"

pytestmark = pytest.mark.skipif(INFLUXD is None, reason="influxdb is not installed (make test installs it)")


def lines() -> str:
    found = []
    for step in range(60):
        at_ns = (START_S + 10 * step) * 10**9
        for number, host in enumerate(("pi4", "pi\\ 5", "server.lan")):
            usage = f"usage_user={step * (number + 1) % 37}.25 {at_ns}"
            found += [f"cpu,cpu={cpu},host={host} {usage}" for cpu in ("cpu-total", "cpu0")]
            if step % 5:  # with gaps, for fill()
                found.append(
                    f"net,host={host},interface=eth0 bytes_recv={1000 * step * step + number}i {at_ns}"
                )
        found.append(f'events,kind=door text="opened, ""again""",n={step}i {at_ns}'.replace('""', '\\"'))
    return "\n".join(found)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with hub_and_influxd(tmp_path_factory.mktemp("grafana")) as pair:
        pair.fill("grafana", lines())
        for server in pair:
            server.query('CREATE RETENTION POLICY "year" ON "grafana" DURATION 365d REPLICATION 1')
        yield pair


def by_get(server: Address, text: str, **more: str) -> Answer:
    parameters = {"db": "grafana", "epoch": "ms", **more, "q": text}
    return server.ask("GET", f"/query?{urlencode(parameters)}", headers={"Accept": "application/json"})


def by_post(server: Address, text: str, **more: str) -> Answer:
    """As with the HTTP method POST: the text in a form, the rest in the address."""
    parameters = {"db": "grafana", "epoch": "ms", **more}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return server.ask("POST", f"/query?{urlencode(parameters)}", urlencode({"q": text}).encode(), form)


def assert_same(servers: Pair, text: str, **more: str) -> Any:
    """Return the results, equal by both methods and from both servers."""
    ours, theirs = by_get(servers.hub, text, **more), by_get(servers.influxd, text, **more)
    assert (ours.status, ours.headers["content-type"]) == (theirs.status, theirs.headers["content-type"])
    assert same(theirs.json, ours.json), (text, theirs.json, ours.json)
    assert by_post(servers.hub, text, **more).body == ours.body
    return ours.json["results"]


def rows(results: Any) -> Any:
    return results[0]["series"][0]["values"]


@covers("Grafana, InfluxQL", "Save & test, of all versions")
@pytest.mark.parametrize("text", ["SHOW measurements", "SHOW TAG KEYS", "SHOW MEASUREMENTS LIMIT 1"])
def test_the_data_source_is_found_healthy(servers: Pair, text: str) -> None:
    assert rows(assert_same(servers, text))


@covers("Grafana, InfluxQL", "the query builder's lists: measurements, tags, values, fields, policies")
@pytest.mark.parametrize(
    "text",
    [
        'SHOW RETENTION POLICIES on "grafana"',
        "SHOW MEASUREMENTS WITH MEASUREMENT =~ /(?i)CP/ LIMIT 100",
        "SHOW MEASUREMENTS WITH MEASUREMENT =~ /(?i)nothing/ LIMIT 100",
        "SHOW MEASUREMENTS WHERE \"host\" = 'pi4' LIMIT 100",
        'SHOW MEASUREMENTS WHERE "host" =~ /^(pi4|pi 5)$/ LIMIT 100',
        'SHOW TAG KEYS FROM "cpu"',
        'SHOW TAG KEYS FROM "autogen"."cpu"',
        'SHOW TAG KEYS FROM "cpu" WHERE "host" = \'pi4\'',
        'SHOW TAG VALUES FROM "cpu" WITH KEY = "host"',
        'SHOW TAG VALUES FROM "autogen"."cpu" WITH KEY = "host" WHERE "cpu" = \'cpu0\'',
        'SHOW TAG VALUES FROM "cpu" WITH KEY = "nothing"',
        'SHOW FIELD KEYS FROM "cpu"',
        'SHOW FIELD KEYS FROM "autogen"."net"',
        'SHOW FIELD KEYS FROM "nothing"',
    ],
)
def test_the_builder_explores(servers: Pair, text: str) -> None:
    assert_same(servers, text)


@covers("Grafana, InfluxQL", "variables, chained and with all values")
@pytest.mark.parametrize(
    "text",
    [
        'SHOW TAG VALUES WITH KEY = "host"',
        'SHOW TAG VALUES FROM "cpu" WITH KEY = "cpu" WHERE "host" =~ /^(pi4|pi 5)$/',
        'SHOW TAG VALUES FROM "cpu" WITH KEY = "cpu" WHERE host =~ /server\\.lan/',
        'SHOW TAG VALUES FROM "net" WITH KEY IN ("host", "interface")',
        f'SHOW TAG VALUES FROM "cpu" WITH KEY = "host" WHERE {RANGE}',
        'SELECT distinct("n") FROM "events"',
        f'SELECT DISTINCT("kind") FROM (SELECT last("n") FROM "events" WHERE {RANGE} GROUP BY "kind")',
    ],
)
def test_variables(servers: Pair, text: str) -> None:
    assert_same(servers, text)


PARTS: Final = (
    "count({0})",
    "distinct({0})",
    "mean({0})",
    "median({0})",
    "sum({0})",
    "mode({0})",
    "spread({0})",
    "stddev({0})",
    "first({0})",
    "last({0})",
    "max({0})",
    "min({0})",
    "percentile({0}, 95)",
    "top({0}, 3)",
    "bottom({0}, 3)",
    "mean({0}) *8",
    "derivative(mean({0}), 10s)",
    "non_negative_derivative(mean({0}), 1s)",
    "difference(mean({0}))",
    "non_negative_difference(mean({0}))",
    "moving_average(mean({0}), 2)",
    "cumulative_sum(mean({0}))",
    "elapsed(mean({0}), 10s)",
)


@covers("Grafana, InfluxQL", "every function that the query builder offers but holt_winters")
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("fill", ["null", "none", "0", "previous", "linear"])
def test_every_part_of_the_builder(servers: Pair, part: str, fill: str) -> None:
    text = (
        f'SELECT {part.format(chr(34) + "bytes_recv" + chr(34))} FROM "net"'
        f' WHERE ("host"::tag =~ /^(pi4|pi 5)$/ AND "interface"::tag = \'eth0\') AND {RANGE}'
        f' GROUP BY time(30s), "host"::tag fill({fill}) ORDER BY time ASC'
    )
    assert "series" in assert_same(servers, text)[0]


@covers("Grafana, InfluxQL", "integral")
def test_integrals(servers: Pair) -> None:
    assert_same(servers, f"SELECT integral(bytes_recv, 1m) FROM net WHERE host = 'pi4' AND {RANGE}")
    text = f"SELECT integral(usage_user) FROM cpu WHERE host = 'pi4' AND cpu = 'cpu0' AND {RANGE}"
    assert_same(servers, f"{text} GROUP BY time(2m) fill(none)")


@covers("Grafana, InfluxQL", "panels: policies, ORDER BY, LIMIT, SLIMIT, tz(), aliases, tables, annotations")
@pytest.mark.parametrize(
    "text",
    [
        f'SELECT "usage_user" FROM "autogen"."cpu" WHERE "host" = \'pi4\' AND {RANGE}',
        f'SELECT mean(usage_user) AS "u" FROM "cpu" WHERE {RANGE} GROUP BY time(1m), host LIMIT 3 SLIMIT 1',
        f"SELECT max(usage_user) FROM cpu WHERE {RANGE} GROUP BY time(1d), host tz('Europe/Berlin')",
        f"SELECT usage_user FROM cpu WHERE {RANGE} GROUP BY * ORDER BY time DESC LIMIT 2",
        f"SELECT * FROM events WHERE {RANGE} LIMIT 5",
        f'SELECT "text" FROM "events" WHERE "kind" =~ /door/ AND {RANGE} ORDER BY time ASC',
        f"SELECT mean(usage_user) FROM cpu WHERE host !~ /lan$/ AND {RANGE} GROUP BY time(2m), cpu",
        f"SELECT usage_user FROM nothing WHERE {RANGE}",
    ],
)
def test_panels(servers: Pair, text: str) -> None:
    assert_same(servers, text)


@covers("Grafana, InfluxQL", "a policy of the data source's choice in rp")
def test_a_policy_is_told_in_the_address(servers: Pair) -> None:
    for server in servers:
        answer = server.ask("POST", "/write?db=grafana&rp=year", f"old v=1 {START_S}000000000".encode())
        assert answer.status == 204
    assert rows(assert_same(servers, "SELECT v FROM old", rp="year")) == [[START_S * 1000, 1]]


@covers("Grafana, InfluxQL", "all panels of a dashboard in one request, as up to version 9")
def test_panels_in_one_request(servers: Pair) -> None:
    panels = [f"SELECT mean(usage_user) FROM cpu WHERE {RANGE} GROUP BY time({n}m)" for n in range(1, 6)]
    results = assert_same(servers, ";".join([*panels, "SELECT v FROM nothing"]))
    assert [result["statement_id"] for result in results] == list(range(6))


@covers("Grafana, InfluxQL", "errors are shown with InfluxDB's words")
@pytest.mark.parametrize(
    "text",
    [
        "SELECT",
        "SELECT mean(usage_user) FROM cpu GROUP BY",
        "SELECT mean(usage_user) FROM cpu WHERE time > now() - 1x",
        'SELECT mean("usage_user") FROM "cpu" WHERE $timeFilter GROUP BY time($interval)',
        "SELECT foo(usage_user) FROM cpu",
        "SELECT mean(usage_user), usage_user FROM cpu",
        "SELECT usage_user FROM nowhere..cpu",
    ],
)
def test_errors(servers: Pair, text: str) -> None:
    ours, theirs = by_get(servers.hub, text), by_get(servers.influxd, text)
    assert (ours.status, ours.json) == (theirs.status, theirs.json)
    assert ours.headers.get("x-influxdb-error") == theirs.headers.get("x-influxdb-error")


@covers("Grafana, InfluxQL", "the token as a custom header, and no answer without it")
def test_the_token_is_a_header(servers: Pair) -> None:
    path = f"/query?{urlencode({'db': 'grafana', 'q': 'SHOW MEASUREMENTS'})}"
    assert servers.hub.ask("GET", path, log_in=False).status == 401
    for word in ("Token", "Bearer"):
        headers = {"Authorization": f"{word} {servers.hub.token}"}
        assert servers.hub.ask("GET", path, headers=headers, log_in=False).status == 200


def flux(server: Address, text: str) -> Answer:
    """As the official client in Go asks, which Grafana uses."""
    dialect = {"annotations": ["datatype", "group", "default"], "delimiter": ",", "header": True}
    body = {"dialect": dialect, "query": text, "type": "flux"}
    headers = {"Content-Type": "application/json", "Accept": "text/csv", "Accept-Encoding": "identity"}
    return server.ask("POST", "/api/v2/query?org=heliograph", json.dumps(body).encode(), headers)


def tables(answer: Answer) -> list[list[dict[str, str]]]:
    """Return the rows of each table of annotated CSV; every one begins with its three annotations."""
    assert (answer.status, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8"), answer.body
    found = []
    for part in answer.body.decode().split("\r\n\r\n"):
        read = list(csv.reader(part.splitlines()))
        if not read:
            continue
        assert [row[0] for row in read[:4]] == ["#datatype", "#group", "#default", ""]
        assert read[3][1:3] == ["result", "table"]
        found.append([dict(zip(read[3], row, strict=True)) for row in read[4:]])
    return found


@covers("Grafana, Flux", "Save & test, for which buckets must have a column")
def test_the_flux_data_source_is_found_healthy(servers: Pair) -> None:
    ((first, *_),) = tables(flux(servers.hub, "buckets()"))
    assert {"name", "id", "organizationID", "retentionPeriod"} <= first.keys()


@covers("Grafana, Flux", "panels, with Grafana's variables in their place")
def test_flux_panels(servers: Pair) -> None:
    start, stop = "2026-09-21T14:13:20Z", "2026-09-21T14:23:20.001Z"
    text = (
        f'from(bucket: "grafana") |> range(start: {start}, stop: {stop})'
        ' |> filter(fn: (r) => r["_measurement"] == "cpu" and r["_field"] == "usage_user")'
        ' |> filter(fn: (r) => r["cpu"] == "cpu-total")'
        " |> aggregateWindow(every: 1m, fn: mean, createEmpty: false)"
        ' |> yield(name: "mean")'
    )
    found = {
        (row["host"], row["_time"]): float(row["_value"])
        for table in tables(flux(servers.hub, text))
        for row in table
    }
    means = "SELECT mean(usage_user) FROM cpu WHERE cpu = 'cpu-total'"
    query = f"{means} AND {RANGE} GROUP BY time(1m), host fill(none)"
    series = by_get(servers.influxd, query).json["results"][0]["series"]
    expected = sorted(value for one in series for _, value in one["values"])
    assert sorted(found.values()) == pytest.approx(expected)


@covers("Grafana, Flux", "variables: buckets, measurements, tag values and field keys of the package schema")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('schema.measurements(bucket: "grafana", start: 0)', {"cpu", "net", "events"}),
        ('schema.tagValues(bucket: "grafana", tag: "host", start: 0)', {"pi4", "pi 5", "server.lan"}),
        ('schema.fieldKeys(bucket: "grafana", start: 0)', {"usage_user", "bytes_recv", "text", "n"}),
        (
            'schema.measurementTagValues(bucket: "grafana", measurement: "cpu", tag: "cpu", start: 0)',
            {"cpu-total", "cpu0"},
        ),
    ],
)
def test_flux_variables(servers: Pair, text: str, expected: set[str]) -> None:
    (found,) = tables(flux(servers.hub, f'import "influxdata/influxdb/schema"\n{text}'))
    assert {row["_value"] for row in found} >= expected


@covers("Grafana, Flux", "errors are shown with line and column")
def test_flux_errors(servers: Pair) -> None:
    answer = flux(servers.hub, 'from(bucket: "grafana")\n |> range(start: -1h)\n |> nothing()')
    assert (answer.status, answer.json["code"]) == (400, "invalid")
    assert "3:" in answer.json["message"]
