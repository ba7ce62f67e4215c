"""The unmodified Python client of InfluxDB 1 writes to us as it would to the original."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from influxdb import InfluxDBClient
from influxdb.exceptions import InfluxDBClientError

from tests.compatibility import covers
from tests.real.hub_process import HubProcess

T = 1_790_000_000


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """One hub for all tests; each writes a measurement of its own."""
    with HubProcess(tmp_path_factory.mktemp("v1") / "hub", "--no-agent") as running:
        yield running


def client_of(hub: HubProcess, database: str = "telegraf", password: str = "") -> InfluxDBClient:
    address = urlsplit(hub.http_url)
    return InfluxDBClient(
        address.hostname, address.port, "anybody", password or hub.token, database, gzip=True, timeout=120
    )


@covers("influxdb 5 (Python)", "ping")
def test_it_knows_the_version(hub: HubProcess) -> None:
    with client_of(hub) as client:
        assert client.ping().startswith("v2.")


@covers("influxdb 5 (Python)", "write_points: dictionaries, lines, batches")
def test_points_and_lines(hub: HubProcess) -> None:
    point = {
        "measurement": "room",
        "tags": {"host": "pi 4"},
        "time": T,
        "fields": {"t": 21.5, "n": 7, "s": "a"},
    }
    with client_of(hub) as client:
        assert client.write_points([point], time_precision="s", tags={"floor": "1"})
        assert client.write_points([f"room,host=b t=1.5 {T}"], time_precision="s", protocol="line")
        assert client.write_points([{**point, "time": T + n} for n in range(2_000)], "s", batch_size=300)
    assert hub.sql("SELECT host, floor, t, n, s, epoch(time::TIMESTAMP) FROM room WHERE host = 'b'") == [
        ["b", None, 1.5, None, None, T]
    ]
    assert hub.sql("SELECT count(*) FROM room WHERE floor IS NULL AND host = 'pi 4'") == [[2_000]]


@covers("influxdb 5 (Python)", "errors with InfluxDB's words")
def test_what_is_refused_has_the_servers_words(hub: HubProcess) -> None:
    with client_of(hub) as client, pytest.raises(InfluxDBClientError, match="partial write: unable to parse"):
        client.write_points(["good v=1", "bad"], protocol="line")
    with client_of(hub, "nope") as client, pytest.raises(InfluxDBClientError) as missing:
        client.write_points(["m v=1"], protocol="line")
    assert (missing.value.code, "database not found" in str(missing.value)) == (404, True)
    with client_of(hub, password="wrong") as client, pytest.raises(InfluxDBClientError) as unknown:
        client.write_points(["m v=1"], protocol="line")
    assert unknown.value.code == 401
