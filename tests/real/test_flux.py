"""The unmodified client of InfluxDB 2 asks a real hub in Flux."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPStatus

import pytest
from influxdb_client import InfluxDBClient
from influxdb_client.client.flux_table import FluxRecord
from influxdb_client.rest import ApiException

from tests.real.hub_process import HubProcess

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
        ('from(bucket: "telegraf") |> range(start: -1h) |> join(t: {})', 400, "@1:50: undefined identifier"),
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
