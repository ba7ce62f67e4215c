"""The unmodified Python client of InfluxDB 1 asks the hub, and gets what it gets from influxd."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from influxdb import DataFrameClient, InfluxDBClient
from influxdb.exceptions import InfluxDBClientError

from tests.compatibility import covers, refuses
from tests.real.both_servers import Address, Pair, hub_and_influxd
from tests.real.test_influxd_oracle import INFLUXD

T = 1_790_000_000
CLIENT = "influxdb 5 (Python)"

pytestmark = [
    pytest.mark.skipif(INFLUXD is None, reason="influxdb is not installed (make test installs it)"),
    # the client calls what pandas says it will drop
    pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning"),
]

LINES = "\n".join(
    f'room,host={host} t={n}.5,n={n}i,on=true,s="x{n}" {(T + n) * 10**9}' for host in "ab" for n in range(6)
)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with hub_and_influxd(tmp_path_factory.mktemp("v1")) as pair:
        pair.fill("asked", LINES)
        yield pair


def client_of(server: Address, database: str = "asked", kind: type[Any] = InfluxDBClient) -> Any:
    return kind("127.0.0.1", server.port, "any", server.token or "any", database, timeout=120)


def both(servers: Pair, ask: Any, database: str = "asked") -> Any:
    """Return what a call gives, the same from both servers."""
    answers = []
    for server in servers:
        with client_of(server, database) as client:
            answers.append(ask(client))
    ours, theirs = answers
    assert ours == theirs
    return ours


@covers(CLIENT, "query, in MessagePack", "epoch", "bind_params")
@pytest.mark.parametrize("epoch", [None, "ns", "u", "ms", "s", "m", "h"])
def test_questions(servers: Pair, epoch: str | None) -> None:
    points = both(
        servers, lambda c: list(c.query("SELECT * FROM room GROUP BY host", epoch=epoch).get_points())
    )
    assert len(points) == 12
    bound = {"bind_params": {"h": "b", "least": 3}}
    text = "SELECT t FROM room WHERE host = $h AND n >= $least"
    found = both(servers, lambda c: [p["t"] for p in c.query(text, **bound).get_points()])
    assert found == [3.5, 4.5, 5.5]


@covers(CLIENT, "several statements", "chunked answers")
def test_several_statements_and_chunks(servers: Pair) -> None:
    text = "SELECT count(t) FROM room; SELECT mean(n) FROM room GROUP BY time(2s), host fill(none)"
    raws = both(servers, lambda c: [result.raw for result in c.query(text, params={"epoch": "s"})])
    assert len(raws) == 2
    # it cannot read influxd's own chunks: it asks for MessagePack and takes the first one for all
    with client_of(servers.hub) as client:
        answer = client.query("SELECT n FROM room", chunked=True, chunk_size=5)
    assert sorted(p["n"] for p in answer.get_points()) == sorted([*range(6)] * 2)


@covers(CLIENT, "databases, retention policies, lists of measurements and series")
def test_databases_and_policies(servers: Pair) -> None:
    def life(client: Any) -> list[Any]:
        client.create_database("life")
        client.create_retention_policy("short", "3d", 1, "life", default=False)
        client.create_retention_policy("long", "INF", 1, "life", default=True)
        seen = [client.get_list_retention_policies("life")]
        client.alter_retention_policy("short", "life", duration="4d")
        seen.append(client.get_list_retention_policies("life"))
        client.write_points([{"measurement": "m", "tags": {"a": "b"}, "fields": {"v": 1.0}}], database="life")
        seen += [client.get_list_measurements(), client.get_list_series("life")]
        client.drop_retention_policy("short", "life")
        seen.append(client.get_list_retention_policies("life"))
        client.delete_series("life", "m", {"a": "b"})
        seen.append(client.get_list_series("life"))
        client.drop_database("life")
        seen.append([one["name"] for one in client.get_list_database() if one["name"] == "life"])
        return seen

    *_, series, gone = both(servers, life)
    assert (series, gone) == ([], [])


@covers(CLIENT, "errors with InfluxDB's words")
@pytest.mark.parametrize("text", ["SELECT", "SELECT t FROM nowhere..room", "SELECT foo(t) FROM room"])
def test_errors(servers: Pair, text: str) -> None:
    def refusal(client: Any) -> tuple[Any, str]:
        with pytest.raises(InfluxDBClientError) as refused:
            client.query(text)
        return refused.value.code, str(refused.value)

    both(servers, refusal)


@covers(CLIENT, "DataFrameClient: write_points and query")
def test_data_frames(servers: Pair) -> None:
    times = pd.date_range(dt.datetime(2026, 9, 21, tzinfo=dt.UTC), periods=50, freq="1min", unit="ns")
    frame = pd.DataFrame(
        {"t": [n + 0.25 for n in range(50)], "n": range(50), "s": [f"a {n}" for n in range(50)]}, index=times
    )
    found = []
    for server in servers:
        with client_of(server, kind=DataFrameClient) as client:
            assert client.write_points(frame, "frames", tags={"host": "pi 4"}, batch_size=20)
            answer = client.query("SELECT n, s, t FROM frames WHERE n >= 10")["frames"]
            means = client.query("SELECT mean(t) FROM frames GROUP BY time(10m), host fill(none)")
            found.append((answer, means))
    (ours, our_means), (theirs, their_means) = found
    pd.testing.assert_frame_equal(ours, theirs)
    assert list(ours["n"]) == list(range(10, 50))
    assert our_means.keys() == their_means.keys()
    for key in our_means:
        pd.testing.assert_frame_equal(our_means[key], their_means[key])


@refuses(
    CLIENT,
    "writing over UDP",
    why="UDP tells nobody that a point was lost",
    instead="HTTP, or MQTT for boards",
)
def test_nobody_listens_for_udp(servers: Pair) -> None:
    lines = Path("/proc/net/udp").read_text(encoding="ascii").splitlines()[1:]
    ports = {int(line.split()[1].rpartition(":")[2], 16) for line in lines}
    assert servers.hub.port not in ports
