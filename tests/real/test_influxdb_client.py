"""The unmodified Python client of InfluxDB 2 writes to us as it would to the original."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from influxdb_client import InfluxDBClient, Point, WriteOptions, WritePrecision
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException

from tests.compatibility import covers
from tests.real.hub_process import HubProcess

SECONDS: Any = WritePrecision.S
T = 1_790_000_000_000_000_000


@pytest.fixture
def client(hub: HubProcess) -> Iterator[InfluxDBClient]:
    with InfluxDBClient(hub.http_url, token=hub.token, org="heliograph", enable_gzip=True) as opened:
        yield opened


@covers("influxdb-client 1.x (Python, InfluxDB 2)", "ping, health, ready")
@covers("HTTP, InfluxDB 2.x", "`/ping`, `/health`, `/ready`")
def test_it_believes_to_have_met_its_server(client: InfluxDBClient) -> None:
    assert client.ping()
    with pytest.deprecated_call():
        assert client.health().status == "pass"
    assert client.ready().status == "ready"


@covers("influxdb-client 1.x (Python, InfluxDB 2)", "write_api: synchronous, in threads, in batches")
def test_synchronous_writes(hub: HubProcess, client: InfluxDBClient) -> None:
    write = client.write_api(SYNCHRONOUS).write
    write("telegraf", record=Point("room").tag("host", "pi 4").field("t", 21.5).field("up", 1).time(T))
    write("telegraf", record=f"room,host=b t=1 {T // 10**9}", write_precision=SECONDS)
    write(
        "telegraf",
        record={"measurement": "room", "tags": {"host": "c"}, "fields": {"n": 7, "s": 'a "b"'}, "time": T},
    )
    assert hub.sql("SELECT host, t, n, s FROM room ORDER BY host") == [
        ["b", 1.0, None, None],
        ["c", None, 7, 'a "b"'],
        ["pi 4", 21.5, None, None],
    ]


@covers("influxdb-client 1.x (Python, InfluxDB 2)", "write_api: synchronous, in threads, in batches")
def test_writes_in_the_background(hub: HubProcess, client: InfluxDBClient) -> None:
    failed: list[object] = []
    options = WriteOptions(batch_size=100, flush_interval=100)
    with client.write_api(options, error_callback=lambda *all_: failed.append(all_)) as background:
        for i in range(1_000):
            background.write("telegraf", record=f"bulk,host=h{i % 7} v={i}i {T + i}")
    assert failed == []
    assert hub.sql("SELECT count(*), sum(v) FROM bulk") == [[1_000, sum(range(1_000))]]


def test_a_bad_line_is_told_with_its_place(hub: HubProcess, client: InfluxDBClient) -> None:
    with pytest.raises(ApiException) as refused:
        client.write_api(SYNCHRONOUS).write("telegraf", record=[f"room t=1 {T}", "room t=oops"])
    assert refused.value.status == 400
    assert json.loads(refused.value.body)["line"] == 2
    assert "line 2, column 8" in refused.value.message
    assert hub.sql("SELECT t FROM room") == [[1.0]]


@covers("influxdb-client 1.x (Python, InfluxDB 2)", "errors with code and message")
@covers("HTTP, InfluxDB 2.x", "errors, `X-Platform-Error-Code`")
def test_a_wrong_token_and_a_wrong_bucket(hub: HubProcess, client: InfluxDBClient) -> None:
    with pytest.raises(ApiException) as refused:
        client.write_api(SYNCHRONOUS).write("nope", record="room t=1")
    assert (refused.value.status, refused.value.message) == (404, 'bucket "nope" not found')
    with (
        InfluxDBClient(hub.http_url, token="wrong", org="x") as stranger,
        pytest.raises(ApiException) as refused,
    ):
        stranger.write_api(SYNCHRONOUS).write("telegraf", record="room t=1")
    assert refused.value.status == 401


@covers("influxdb-client 1.x (Python, InfluxDB 2)", "batches with retries, through a restart of the hub")
def test_a_client_that_writes_in_the_background_sits_out_a_restart(
    hub: HubProcess, client: InfluxDBClient
) -> None:
    failed: list[object] = []
    options = WriteOptions(batch_size=50, flush_interval=50, retry_interval=100, max_retries=20)
    with client.write_api(options, error_callback=lambda *all_: failed.append(all_)) as background:
        for i in range(100):
            background.write("telegraf", record=f"outage v={i}i {T + i}")
        hub.kill()
        for i in range(100, 300):
            background.write("telegraf", record=f"outage v={i}i {T + i}")
        hub.start()
    assert failed == []
    assert hub.sql("SELECT count(*), sum(v) FROM outage") == [[300, sum(range(300))]]
