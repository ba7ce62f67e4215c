"""The unmodified Python client of InfluxDB 2 writes and asks with pandas, in streams, and in asyncio."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pandas as pd
import pytest
from influxdb_client import InfluxDBClient
from influxdb_client.client.influxdb_client_async import InfluxDBClientAsync
from influxdb_client.client.warnings import MissingPivotFunction
from influxdb_client.client.write_api import SYNCHRONOUS

from tests.compatibility import covers
from tests.real.hub_process import HubProcess

CLIENT = "influxdb-client 1.x (Python, InfluxDB 2)"
START = dt.datetime(2026, 9, 21, tzinfo=dt.UTC)
RANGE = "range(start: 2026-09-21T00:00:00Z, stop: 2026-09-22T00:00:00Z)"
ASKED = f'from(bucket: "telegraf") |> {RANGE} |> filter(fn: (r) => r._measurement == "frames")'
PIVOT = '|> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")'
COUNT = 2_500


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """One hub; ``frames`` has a frame that the client wrote in batches."""
    with HubProcess(tmp_path_factory.mktemp("v2q") / "hub", "--no-agent") as running:
        with InfluxDBClient(running.http_url, token=running.token, org="heliograph") as client:
            client.write_api(SYNCHRONOUS).write(
                "telegraf",
                record=frame(),
                data_frame_measurement_name="frames",
                data_frame_tag_columns=["host"],
            )
        yield running


def frame() -> pd.DataFrame:
    times = pd.date_range(START, periods=COUNT, freq="1s")
    numbers = range(COUNT)
    return pd.DataFrame(
        {
            "host": ["pi 4" if n % 2 else "pi,5" for n in numbers],
            "t": [n + 0.25 for n in numbers],
            "n": list(numbers),
            "s": [f'a "{n}", b' for n in numbers],
            "up": [n % 3 == 0 for n in numbers],
        },
        index=times,
    )


@pytest.fixture
def client(hub: HubProcess) -> Iterator[InfluxDBClient]:
    with InfluxDBClient(hub.http_url, token=hub.token, org="heliograph") as opened:
        yield opened


def check_frame(found: pd.DataFrame) -> None:
    """Compare with what was written: values, their types and their times."""
    found = found.sort_values("_time").reset_index(drop=True)
    sent = frame()
    assert list(found["_time"]) == list(sent.index)
    for column in ("host", "t", "n", "s", "up"):
        assert list(found[column]) == list(sent[column]), column
    assert str(found["_time"].dtype).startswith("datetime64[")
    assert (found["t"].dtype.kind, found["n"].dtype.kind) == ("f", "i")


@covers(CLIENT, "writing a DataFrame", "query_data_frame")
def test_a_frame_comes_back_as_it_was(client: InfluxDBClient) -> None:
    found = client.query_api().query_data_frame(f"{ASKED} {PIVOT} |> group()")
    check_frame(found)


@covers(CLIENT, "query_stream", "query_csv", "query_raw", "parameters of a query")
def test_streams_and_csv(client: InfluxDBClient) -> None:
    ask = client.query_api()
    numbers = f'{ASKED} |> filter(fn: (r) => r._field == "n") |> group()'
    assert sorted(record.get_value() for record in ask.query_stream(numbers)) == list(range(COUNT))
    rows = [row for row in ask.query_csv(f"{numbers} |> count()") if row and not row[0].startswith("#")]
    assert rows[-1][-1] == str(COUNT)
    raw = ask.query_raw(f"{numbers} |> sum()").data.decode()
    assert raw.startswith("#datatype,string,long,")
    assert f",{sum(range(COUNT))}\r\n" in raw
    (table,) = ask.query(
        f"{numbers} |> filter(fn: (r) => r._value > least) |> count()", params={"least": 2_000}
    )
    assert table.records[0].get_value() == COUNT - 2_001


@covers(CLIENT, "the client for asyncio: query, query_stream, query_data_frame, query_raw")
async def test_asyncio(hub: HubProcess) -> None:
    async with InfluxDBClientAsync(hub.http_url, token=hub.token, org="heliograph") as client:
        ask = client.query_api()
        (table,) = await ask.query(f'{ASKED} |> filter(fn: (r) => r._field == "t") |> group() |> max()')
        assert table.records[0].get_value() == COUNT - 1 + 0.25
        streamed = await ask.query_stream(f'{ASKED} |> filter(fn: (r) => r._field == "up") |> group()')
        assert sum([record.get_value() async for record in streamed]) == len(range(0, COUNT, 3))
        check_frame(await ask.query_data_frame(f"{ASKED} {PIVOT} |> group()"))
        assert (await ask.query_raw("buckets()")).startswith("#datatype,")


@covers(CLIENT, "delete")
def test_delete(client: InfluxDBClient) -> None:
    client.write_api(SYNCHRONOUS).write("telegraf", record=["gone,host=a v=1 1", "gone,host=b v=2 1"])
    client.delete_api().delete("1970-01-01T00:00:00Z", "2000-01-01T00:00:00Z", 'host="a"', "telegraf")
    text = (
        'from(bucket: "telegraf") |> range(start: 0, stop: 1) |> filter(fn: (r) => r._measurement == "gone")'
    )
    assert [r.get_value() for t in client.query_api().query(text) for r in t.records] == [2.0]


@covers(CLIENT, "several frames for tables of different columns")
def test_frames_of_different_tables(client: InfluxDBClient) -> None:
    text = (
        f'{ASKED} |> filter(fn: (r) => r._field == "t") |> group() |> max() |> yield(name: "a")\n'
        f'{ASKED} |> filter(fn: (r) => r._field == "n") |> group(columns: ["host"])'
        ' |> count() |> yield(name: "b")'
    )
    with pytest.warns(MissingPivotFunction):
        frames = client.query_api().query_data_frame(text)
    assert isinstance(frames, list)
    assert [one["result"].iloc[0] for one in frames] == ["a", "b"]
