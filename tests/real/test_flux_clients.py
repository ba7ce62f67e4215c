"""What Grafana and the clients in Python make of answers in Flux: several results, none, errors, pandas."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from influxdb_client import InfluxDBClient
from influxdb_client.client.flux_table import FluxTable
from influxdb_client.client.influxdb_client_async import InfluxDBClientAsync

from tests.real.hub_process import HubProcess

T = 1_790_000_000
START, STOP = "2026-09-21T14:13:20Z", "2026-09-21T14:14:20Z"
SOURCE = f'from(bucket: "telegraf") |> range(start: {T}, stop: {T + 60})'
USAGE = f'{SOURCE} |> filter(fn: (r) => r._measurement == "cpu" and r._field == "usage")'
GRAFANA = {
    "annotations": ["datatype", "group", "default"],
    "commentPrefix": "#",
    "dateTimeFormat": "RFC3339",
    "delimiter": ",",
    "header": True,
}
pytestmark = pytest.mark.filterwarnings("ignore::influxdb_client.client.warnings.MissingPivotFunction")


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("flux") / "hub", "--no-agent") as running:
        lines = [
            f"cpu,host={host} usage={factor * second}.5,cores={factor}i {T + second}"
            for host, factor in (("a", 1), ("b", 2))
            for second in range(0, 60, 10)
        ]
        body = "\n".join(lines).encode()
        assert running.request("POST", "/api/v2/write?bucket=telegraf&precision=s", body)[0] == 204
        yield running


@pytest.fixture
def client(hub: HubProcess) -> Iterator[InfluxDBClient]:
    with InfluxDBClient(hub.http_url, token=hub.token, org="heliograph") as opened:
        yield opened


def ask(hub: HubProcess, text: str, **more: Any) -> tuple[int, dict[str, str], str]:
    asked = {"query": text, "type": "flux", "dialect": GRAFANA, **more}
    status, headers, body = hub.request("POST", "/api/v2/query?org=heliograph", json.dumps(asked).encode())
    return status, headers, body.decode()


def test_several_results_stand_behind_each_other(hub: HubProcess, client: InfluxDBClient) -> None:
    text = f"""{USAGE} |> filter(fn: (r) => r.host == "a") |> count() |> yield(name: "count")
      {USAGE} |> filter(fn: (r) => r.host == "b") |> last() |> yield(name: "last")"""
    status, headers, body = ask(hub, text)
    assert (status, headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert body == (
        "#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,string,string,string,long\r\n"
        "#group,false,false,true,true,true,true,true,false\r\n"
        "#default,count,,,,,,,\r\n"
        ",result,table,_start,_stop,_field,_measurement,host,_value\r\n"
        f",,0,{START},{STOP},usage,cpu,a,6\r\n"
        "\r\n"
        "#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string,string,string\r\n"
        "#group,false,false,true,true,false,false,true,true,true\r\n"
        "#default,last,,,,,,,,\r\n"
        ",result,table,_start,_stop,_time,_value,_field,_measurement,host\r\n"
        f",,0,{START},{STOP},2026-09-21T14:14:10Z,100.5,usage,cpu,b\r\n"
        "\r\n"
    )
    found = client.query_api().query(text)
    assert [(table.records[0]["result"], table.records[0].get_value()) for table in found] == [
        ("count", 6), ("last", 100.5),
    ]  # fmt: skip


def test_nothing_is_an_empty_line(hub: HubProcess, client: InfluxDBClient) -> None:
    nothing = f'{SOURCE} |> filter(fn: (r) => r._measurement == "nope")'
    assert ask(hub, nothing)[::2] == (200, "\r\n")
    assert client.query_api().query(nothing) == []
    assert client.query_api().query_data_frame(nothing).empty
    kept = (
        f'{USAGE} |> filter(fn: (r) => r.host == "a") |> filter(fn: (r) => r._value > 99.9, onEmpty: "keep")'
    )
    (table,) = client.query_api().query(kept)
    assert table.records == []
    assert [column.label for column in table.get_group_key()] == [
        *("_start", "_stop", "_field", "_measurement", "host")
    ]


def test_an_error_is_json_with_its_place(hub: HubProcess) -> None:
    status, headers, body = ask(hub, f"{USAGE}\n  |> aggregateWindow(every: 1m, fn: average)")
    assert (status, headers["x-platform-error-code"]) == (400, "invalid")
    assert json.loads(body) == {
        "code": "invalid",
        "message": "compilation failed: error @2:37: undefined identifier average;"
        " it is not supported here; use mean()",
    }
    for query in ("", "x = ", '"${', "from(bucket: 1) |> range(start: -1h)", "from(\x00"):
        assert ask(hub, query)[0] == 400, query


def test_what_grafana_asks(client: InfluxDBClient) -> None:
    (buckets,) = client.query_api().query("buckets()")
    assert {"name", "id", "organizationID", "retentionPeriod"} <= {column.label for column in buckets.columns}
    panel = f"""from(bucket: "telegraf")
      |> range(start: {START}, stop: {STOP})
      |> filter(fn: (r) => r["_measurement"] == "cpu")
      |> filter(fn: (r) => r["_field"] == "usage")
      |> filter(fn: (r) => r["host"] =~ /^(?:a|b)$/)
      |> aggregateWindow(every: 20s, fn: mean, createEmpty: false)
      |> yield(name: "mean")"""
    found = client.query_api().query(panel)
    assert [[record.get_value() for record in table.records] for table in found] == [
        [5.5, 25.5, 45.5], [10.5, 50.5, 90.5],
    ]  # fmt: skip
    variable = f"""import "influxdata/influxdb/v1"
      v1.tagValues(bucket: "telegraf", tag: "host", predicate: (r) => r._measurement == "cpu", start: {T})"""
    (values,) = client.query_api().query(variable)
    assert [record.get_value() for record in values.records] == ["a", "b"]


def test_pandas(client: InfluxDBClient) -> None:
    text = f'{SOURCE} |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")'
    frame = client.query_api().query_data_frame(text, data_frame_index=["_time"])
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns) == [
        "result",
        "table",
        "_start",
        "_stop",
        "_measurement",
        "host",
        "cores",
        "usage",
    ]
    assert (str(frame["usage"].dtype), str(frame["cores"].dtype)) == ("float64", "int64")
    assert frame[frame["host"] == "b"]["usage"].tolist() == [2 * second + 0.5 for second in range(0, 60, 10)]
    assert frame.index[0].timestamp() == T
    both = client.query_api().query_data_frame(f'{USAGE} |> yield(name: "a") |> count() |> yield(name: "b")')
    assert [len(one) for one in both] == [12, 2]


async def test_the_asynchronous_client(hub: HubProcess) -> None:
    async with InfluxDBClientAsync(hub.http_url, token=hub.token, org="heliograph") as client:
        api = client.query_api()
        tables: list[FluxTable] = await api.query(f"{USAGE} |> max()")
        assert [table.records[0].get_value() for table in tables] == [50.5, 100.5]
        assert len([record async for record in await api.query_stream(USAGE)]) == 12
        frame = await api.query_data_frame(f"{USAGE} |> aggregateWindow(every: 30s, offset: 20s, fn: sum)")
        assert frame["_value"].tolist() == [1.5 + 30.0, 1.5 + 120.0, 1.5 + 60.0, 1.5 + 240.0]
        assert "cpu" in await api.query_raw(f"{USAGE} |> first()")
