"""The unmodified client of InfluxDB 2 asks a real hub in Flux."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from http import HTTPStatus
from urllib.parse import quote

import pytest
from influxdb_client import InfluxDBClient
from influxdb_client.client.flux_table import FluxRecord
from influxdb_client.rest import ApiException

from tests.compatibility import covers
from tests.real.hub_process import HubProcess

SEED = 20_261_123
T = 1_790_000_000
RANGE = f"range(start: {T}, stop: {T + 60})"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("flux") / "hub", "--no-agent") as running:
        lines = [
            f'cpu,host={host} usage={factor * second}.5,cores={factor}i,note="a, ""b""",up=true {T + second}'
            for host, factor in (("a", 1), ("b", 2))
            for second in range(0, 60, 10)
        ]
        body = "\n".join(lines).replace('""', '\\"').encode()
        assert running.request("POST", "/api/v2/write?bucket=telegraf&precision=s", body)[0] == 204
        yield running


@pytest.fixture
def client(hub: HubProcess) -> Iterator[InfluxDBClient]:
    with InfluxDBClient(hub.http_url, token=hub.token, org="heliograph") as opened:
        yield opened


def records(client: InfluxDBClient, text: str) -> list[FluxRecord]:
    return [record for table in client.query_api().query(text) for record in table.records]


def test_points_come_with_their_types(client: InfluxDBClient) -> None:
    found = records(client, f'from(bucket: "telegraf") |> {RANGE} |> filter(fn: (r) => r.host == "b")')
    first = {record.get_field(): record for record in found if record.get_time().timestamp() == T + 10}
    values = {field: record.get_value() for field, record in first.items()}
    assert values == {"usage": 20.5, "cores": 2, "note": 'a, "b"', "up": True}
    assert {record.get_measurement() for record in found} == {"cpu"}
    assert first["usage"]["host"] == "b"
    assert first["usage"].get_start().timestamp() == T
    assert first["usage"].get_stop().timestamp() == T + 60
    assert len(found) == 24


def test_what_a_dashboard_asks(client: InfluxDBClient) -> None:
    text = f"""
        option v = {{timeRangeStart: {T}, timeRangeStop: {T + 60}, windowPeriod: 30s}}
        from(bucket: "telegraf")
          |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
          |> filter(fn: (r) => r["_measurement"] == "cpu" and r["_field"] == "usage")
          |> filter(fn: (r) => r["host"] =~ /^(a|b)$/)
          |> aggregateWindow(every: v.windowPeriod, fn: mean, createEmpty: false)
          |> yield(name: "mean")
    """
    found = records(client, text)
    shown = [(r["result"], r["host"], r.get_time().timestamp() - T, r.get_value()) for r in found]
    assert shown == [
        ("mean", host, end, sum(factor * second + 0.5 for second in seconds) / len(seconds))
        for host, factor in (("a", 1), ("b", 2))
        for end, seconds in ((10, (0,)), (40, (10, 20, 30)), (60, (40, 50)))
    ]


def test_parameters_and_csv_of_the_client(client: InfluxDBClient) -> None:
    text = f'from(bucket: name) |> {RANGE} |> filter(fn: (r) => r._field == "cores") |> last()'
    tables = client.query_api().query(text, params={"name": "telegraf"})
    assert [record.get_value() for table in tables for record in table.records] == [1, 2]
    lines = list(client.query_api().query_csv(text.replace("name", '"telegraf"')))
    assert [line[0] for line in lines] == ["#datatype", "#group", "#default", "", "", ""]
    with client.query_api().query_raw(text.replace("name", '"telegraf"')) as raw:
        assert raw.read().startswith(b"#datatype,string,long,dateTime:RFC3339,")


@covers("HTTP, InfluxDB 2.x", "`/api/v2/query`: annotated CSV with `dialect`, `extern`, `now`")
def test_the_bytes_are_those_of_influxdb(hub: HubProcess) -> None:
    text = f'from(bucket: "telegraf") |> {RANGE} |> filter(fn: (r) => r._field == "up") |> first()'
    asked = {"query": text, "type": "flux", "dialect": {"annotations": ["datatype", "group", "default"]}}
    status, headers, body = hub.request("POST", "/api/v2/query?org=x", json.dumps(asked).encode())
    start, stop = "2026-09-21T14:13:20Z", "2026-09-21T14:14:20Z"
    rows = [f",,{n},{start},{stop},{start},true,up,cpu,{host}\r\n" for n, host in enumerate("ab")]
    assert (status, headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert body.decode() == (
        "#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,boolean,string,string,string\r\n"
        "#group,false,false,true,true,false,false,true,true,true\r\n"
        "#default,_result,,,,,,,,\r\n"
        ",result,table,_start,_stop,_time,_value,_field,_measurement,host\r\n" + "".join(rows) + "\r\n"
    )
    flux = {"Content-Type": "application/vnd.flux"}
    plain = hub.request("POST", "/api/v2/query", text.encode(), headers=flux)[2].decode()
    assert plain.splitlines()[:2] == [
        ",result,table,_start,_stop,_time,_value,_field,_measurement,host",
        f",_result,0,{start},{stop},{start},true,up,cpu,a",
    ]


def test_what_there_is(client: InfluxDBClient) -> None:
    assert "telegraf" in [record["name"] for record in records(client, "buckets()")]
    schema = 'import "influxdata/influxdb/schema"\n'
    asked = {
        'schema.measurements(bucket: "telegraf", start: 0)': ["cpu"],
        'schema.tagValues(bucket: "telegraf", tag: "host", start: 0)': ["a", "b"],
        'schema.fieldKeys(bucket: "telegraf", start: 0)': ["cores", "note", "up", "usage"],
        'schema.measurementTagKeys(bucket: "telegraf", measurement: "cpu", start: 0)': [
            "_field",
            "_measurement",
            "_start",
            "_stop",
            "host",
        ],
    }
    for text, values in asked.items():
        assert [record.get_value() for record in records(client, schema + text)] == values


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        ('from(bucket: "nope") |> range(start: -1h)', 404, 'bucket \\"nope\\" not found'),
        ('from(bucket: "telegraf")\n  |> rnge(start: -1h)', 400, "error @2:6: undefined identifier rnge"),
        ('from(bucket: "telegraf") |> range(start: -1h) |> cov(t: 1)', 400, "@1:50: undefined identifier"),
        ('from(bucket: "telegraf")', 400, "cannot submit unbounded read"),
        ('from(bucket: "telegraf") |> range(start: -1h, stop: -2h)', 400, "empty range"),
        ('import "sql"', 400, 'the package \\"sql\\" is not supported'),
        ('from(bucket: "telegraf", host: "http://x") |> range(start: -1h)', 400, "other hubs cannot be read"),
    ],
)  # fmt: skip
def test_refusals_tell_where_and_what(hub: HubProcess, text: str, status: int, words: str) -> None:
    body = json.dumps({"query": text}).encode()
    got, headers, answer = hub.request("POST", "/api/v2/query", body)
    assert (got, words in answer.decode()) == (status, True), answer
    assert headers["x-platform-error-code"] == json.loads(answer)["code"]


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"\xff", b'{"query": "1", "type": "influxql"}', b'{"query": 3}']
)
def test_bad_bodies_are_refused(hub: HubProcess, body: bytes) -> None:
    assert hub.request("POST", "/api/v2/query", body)[0] == HTTPStatus.BAD_REQUEST


def test_a_token_reads_its_buckets_only(hub: HubProcess, client: InfluxDBClient) -> None:
    made = client.buckets_api().create_bucket(bucket_name="secret")
    own = client.buckets_api().find_bucket_by_name("telegraf")
    permission = {"action": "read", "resource": {"type": "buckets", "id": own.id}}
    asked = json.dumps({"description": "t", "permissions": [permission]}).encode()
    token = json.loads(hub.request("POST", "/api/v2/authorizations", asked)[2])["token"]
    with InfluxDBClient(hub.http_url, token=token, org="heliograph") as limited:
        assert [record["name"] for record in records(limited, "buckets()")] == ["telegraf"]
        assert len(records(limited, f'from(bucket: "telegraf") |> {RANGE}')) == 48
        for source in ('bucket: "secret"', f'bucketID: "{made.id}"', f'bucket: "{made.id}"'):
            with pytest.raises(ApiException, match=r"\(403\)"):
                records(limited, f"from({source}) |> range(start: -1h)")
        listing = 'import "influxdata/influxdb/schema"\nschema.measurements(bucket: "secret")'
        with pytest.raises(ApiException, match=r"\(403\)"):
            records(limited, listing)


REDUCERS = ("mean", "sum", "count", "min", "max", "first", "last", "median", "stddev", "spread")


@pytest.fixture(scope="module")
def measured(hub: HubProcess) -> str:
    """A measurement of random points of some series, of which one has gaps."""
    chance = random.Random(SEED)
    lines = [
        f"rooms,room={room},floor={room % 2} temp={chance.uniform(-20, 40)},n={chance.randrange(9)}i {time}"
        for room in range(5)
        for time in sorted(chance.sample(range(T, T + 3_600), 300))
        if room != 3 or time % 600 > 200
    ]
    assert hub.request("POST", "/query?q=CREATE+DATABASE+lab", b"")[0] == HTTPStatus.OK
    body = "\n".join(lines).encode()
    assert hub.request("POST", "/api/v2/write?bucket=lab&precision=s", body)[0] == HTTPStatus.NO_CONTENT
    return "rooms"


def influxql(hub: HubProcess, text: str) -> list[tuple[str, int, float]]:
    """Return room, second and value of each row, in the order of Flux's tables."""
    status, _, body = hub.request("GET", f"/query?db=lab&epoch=s&q={quote(text)}")
    result = json.loads(body)["results"][0]
    assert (status, "error" in result) == (200, False), body
    rows = [
        (series["tags"]["room"], time, value)
        for series in result.get("series", ())
        for time, value in series["values"]
        if value is not None
    ]
    return sorted(rows, key=lambda row: (int(row[0]) % 2, row[0]))


def equal(flux: list[FluxRecord], wanted: list[tuple[str, int, float]]) -> None:
    found = [(r["room"], round(r.get_time().timestamp()), r.get_value()) for r in flux]
    assert [one[:2] for one in found] == [one[:2] for one in wanted]
    for (_, _, value), (_, _, other) in zip(found, wanted, strict=True):
        assert value == pytest.approx(other, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", REDUCERS)
@pytest.mark.parametrize("field", ["temp", "n"])
def test_windows_equal_influxql(
    hub: HubProcess, client: InfluxDBClient, measured: str, name: str, field: str
) -> None:
    chance = random.Random(f"{SEED} {name} {field}")
    for _ in range(5):
        every = chance.choice((7, 10, 60, 300, 3_600))
        start = T // every * every + every * chance.randrange(3)
        stop = start + every * chance.randrange(1, 300)
        floor = chance.choice(("", "1", "0"))
        tags = f' and r.floor == "{floor}"' if floor else ""
        source = f"""from(bucket: "lab") |> range(start: {start}, stop: {stop})
            |> filter(fn: (r) => r._measurement == "{measured}" and r._field == "{field}"{tags})"""
        where = f"time >= {start}s AND time < {stop}s" + (f" AND floor = '{floor}'" if floor else "")
        select = f"SELECT {name}({field}) FROM {measured} WHERE {where}"

        windows = f'every: {every}s, fn: {name}, createEmpty: false, timeSrc: "_start"'
        found = records(client, f"{source} |> aggregateWindow({windows})")
        known = [
            one for one in found if one.get_value() == one.get_value()
        ]  # of one point there is no stddev
        equal(known, influxql(hub, f"{select} GROUP BY time({every}s), room fill(none)"))

        row_by_row = f'{source} |> sort(columns: ["_time"]) |> {name}()'
        found = records(client, f'{row_by_row} |> duplicate(column: "_start", as: "_time")')
        whole = influxql(hub, f"{select} GROUP BY room")
        known = [one for one in found if one.get_value() == one.get_value()]
        equal(known, [(room, start, value) for room, _, value in whole])


@pytest.mark.parametrize(
    ("flux", "wanted"),
    [
        ("derivative(unit: 1s)", "derivative({0}, 1s)"),
        ("difference()", "difference({0})"),
        ("cumulativeSum()", "cumulative_sum({0})"),
        ('elapsed(unit: 1s, columnName: "_value")', "elapsed({0}, 1s)"),
        ("movingAverage(n: 4)", "moving_average({0}, 4)"),
        ("limit(n: 7, offset: 3)", "{0}"),
        ("filter(fn: (r) => r._value >= 3.5)", "{0}"),
    ],
)
def test_rows_equal_influxql(
    hub: HubProcess, client: InfluxDBClient, measured: str, flux: str, wanted: str
) -> None:
    text = f"""from(bucket: "lab") |> range(start: {T}, stop: {T + 3_000})
        |> filter(fn: (r) => r._measurement == "{measured}" and r._field == "temp") |> {flux}"""
    pages = " LIMIT 7 OFFSET 3" if "limit" in flux else ""
    where = " AND temp >= 3.5" if "filter" in flux else ""
    times = f"time >= {T}s AND time < {T + 3_000}s{where}"
    select = f"SELECT {wanted.format('temp')} FROM {measured}"
    equal(records(client, text), influxql(hub, f"{select} WHERE {times} GROUP BY room{pages}"))
