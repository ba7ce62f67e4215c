"""Points deleted from a running hub: gone at once, gone after a crash, and nothing else is."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from influxdb_client import InfluxDBClient

from tests.real.hub_process import HubProcess
from tests.real.test_retention import HANG, HELIO, helio, publish, settle, until, values, write

V2 = "/api/v2/write?precision=s&bucket="
BASE = 1_790_000_000


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """One hub for the tests that do not stop it."""
    with HubProcess(tmp_path_factory.mktemp("deletes") / "hub", "--no-agent") as running:
        yield running


def rfc3339(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def measurements(hub: HubProcess, bucket: str = "telegraf") -> list[str]:
    return [m["name"] for m in hub.json("GET", f"/api/schema?bucket={bucket}")["measurements"]]


def delete(
    hub: HubProcess, predicate: str, start: int, stop: int, bucket: str = "telegraf"
) -> tuple[int, Any]:
    body = {"start": rfc3339(start), "stop": rfc3339(stop), "predicate": predicate}
    status, _, answer = hub.request("POST", f"/api/v2/delete?org=any&bucket={bucket}", body)
    return status, json.loads(answer) if answer else None


def test_influxdbs_client_deletes(hub: HubProcess) -> None:
    for second in range(4):
        write(
            hub,
            f"{V2}telegraf",
            f"client,host=a v={second} {BASE + second}\nclient,host=b v=9 {BASE + second}",
        )
    with InfluxDBClient(hub.http_url, token=hub.token, org="any") as client:
        client.delete_api().delete(
            datetime.fromtimestamp(BASE + 1, UTC),
            datetime.fromtimestamp(BASE + 2, UTC),
            '_measurement="client" AND host="a"',
            bucket="telegraf",
        )
    rows = hub.sql("SELECT host, v FROM client WHERE host = 'a' ORDER BY time")
    assert rows == [["a", 0.0], ["a", 3.0]], "both ends of the range are included"
    assert len(hub.sql("SELECT 1 FROM client WHERE host = 'b'")) == 4


def test_the_pages_queries_leave_out_what_is_deleted_before_and_after_files_are_written_anew(
    tmp_path: Path,
) -> None:
    with HubProcess(tmp_path / "hub", "--no-agent", "--set", "store.seal_interval=1s") as hub:
        write(
            hub, f"{V2}telegraf", "\n".join(f"page,host={h} v=1 {BASE + s}" for s in range(9) for h in "ab")
        )
        until(lambda: hub.status()["store"]["rows_hot"] == 0, "nothing is sealed")
        asked = {
            "bucket": "telegraf",
            "start_ms": BASE * 1000,
            "end_ms": (BASE + 9) * 1000,
            "interval_ms": 9000,
            "queries": [
                {"id": "a", "measurement": "page", "fields": ["v"], "fn": "sum", "group_by": ["host"]}
            ],
        }

        def sums() -> dict[str, float]:
            (answer,) = hub.json("POST", "/api/query", asked)["results"]
            return {s["tags"]["host"]: sum(v or 0 for v in s["values"]) for s in answer["series"]}

        assert sums() == {"a": 9.0, "b": 9.0}
        assert delete(hub, "host=a", BASE + 2, BASE + 20)[0] == 204
        assert sums() == {"a": 2.0, "b": 9.0}
        until(lambda: hub.status()["store"]["rows_sealed"] == 11, "no file is written anew")
        assert sums() == {"a": 2.0, "b": 9.0}


def test_the_command_counts_asks_and_deletes(hub: HubProcess) -> None:
    helio(hub, "bucket", "create", "lab")
    write(hub, f"{V2}lab", "\n".join(f"cmd,host={h} v={s} {BASE + s}" for s in range(5) for h in "ab"))
    start = rfc3339(BASE + 1)
    assert "--yes" in helio(hub, "delete", "lab", "cmd", "--where", "host=a", "--start", start, status=2)
    assert len(values(hub, "cmd", "lab")) == 10
    told = helio(hub, "delete", "lab", "cmd", "--where", "host=a", "--start", start, "--yes")
    assert told.strip() == 'Deleted 4 points of "lab".'
    assert values(hub, "cmd", "lab") == [0.0, 0.0, 1.0, 2.0, 3.0, 4.0]
    assert "No point" in helio(
        hub, "delete", "lab", "cmd", "--where", "host!=b", "--start", start, "--yes", status=1
    )
    assert "TAG=VALUE" in helio(hub, "delete", "lab", "--where", "host", status=2)
    assert "is no time" in helio(hub, "delete", "lab", "--start", "soon", status=2)
    helio(hub, "delete", "lab", "--yes")
    assert measurements(hub, "lab") == []
    assert hub.json("GET", "/api/devices?bucket=lab")["devices"] == []


def test_what_cannot_be_deleted_is_refused_in_influxdbs_words(hub: HubProcess) -> None:
    path = "/api/v2/delete"
    good = {"start": rfc3339(0), "stop": rfc3339(9), "predicate": ""}
    for query, body, status, message in (
        ("?bucket=nope", good, 404, 'bucket "nope" not found'),
        ("", good, 400, "Please provide either bucketID or bucket"),
        ("?bucket=telegraf", good | {"predicate": "a=b OR c=d"}, 400, "OR"),
        ("?bucket=telegraf", good | {"predicate": "v > 5"}, 400, "expected = or !="),
        ("?bucket=telegraf", good | {"start": "yesterday"}, 400, "RFC 3339"),
        ("?bucket=telegraf", good | {"start": "2026-13-01T00:00:00Z"}, 400, "RFC 3339"),
        ("?bucket=telegraf", {"predicate": ""}, 400, "start"),
        ("?bucket=telegraf", good | {"start": rfc3339(10)}, 400, "the range is empty"),
    ):
        told, _, answer = hub.request("POST", f"{path}{query}", body)
        assert (told, message in json.loads(answer)["message"]) == (status, True), answer
    assert hub.request("POST", f"{path}?bucket=telegraf", good, token="wrong")[0] == 401
    assert (
        hub.request("POST", f"{path}?bucket=telegraf", good, headers={"Origin": "http://evil.example"})[0]
        == 401
    )
    assert hub.request("POST", "/api/delete", {"bucket": 5})[0] == 400


@pytest.mark.parametrize("seal", ["10m", "1s"])
def test_what_is_deleted_stays_so_over_a_kill_and_a_second_reading_of_the_streams(
    tmp_path: Path, seal: str
) -> None:
    with HubProcess(tmp_path / "hub", "--no-agent", "--set", f"store.seal_interval={seal}") as hub:
        for second in range(20):
            write(hub, f"{V2}telegraf", "\n".join(f"m,host={h} v={second} {BASE + second}" for h in "ab"))
            publish(hub, f"n,host=a v={second} {(BASE + second) * 10**9}")
        settle(hub)
        assert delete(hub, 'host="a"', BASE, BASE + 14) == (204, None)
        later = f"m,host=a v=100 {BASE + 7}"
        assert write(hub, f"{V2}telegraf", later)[0] == 204

        def check() -> None:
            settle(hub)
            assert values(hub, "n") == [float(s) for s in range(15, 20)]
            left = hub.sql("SELECT v FROM m WHERE host = 'a' ORDER BY time")
            assert [v for (v,) in left] == [100.0, *(float(s) for s in range(15, 20))]
            assert len(hub.sql("SELECT 1 FROM m WHERE host = 'b'")) == 20

        check()
        hub.kill()
        hub.start()
        check()
        if seal == "1s":
            until(lambda: hub.status()["store"]["rows_hot"] == 0, "nothing is sealed")
        forget_positions(hub)
        check()
        until(lambda: delete(hub, '_measurement="m"', BASE, BASE + 99)[0] == 204, "no delete")
        assert measurements(hub) == ["n"]
        hub.kill()
        hub.start()
        assert (measurements(hub), values(hub, "m")) == (["n"], [])


def forget_positions(hub: HubProcess) -> None:
    """Make the hub read its streams from the first message, as one that was put back is."""
    hub.kill()
    connection = sqlite3.connect(hub.home / "catalog.db")
    connection.execute("UPDATE watermark SET created = 'another stream'")
    connection.commit()
    connection.close()
    hub.start()


def test_deletes_under_load_take_the_old_points_and_no_new_one(tmp_path: Path) -> None:
    """Writers write rising rounds; each delete names what was acknowledged, and the next round stays."""
    with HubProcess(tmp_path / "hub", "--no-agent", "--set", "store.seal_rows=1000") as hub:
        stop = threading.Event()
        acknowledged = [0, 0]

        def load(number: int) -> None:
            row = 0
            while not stop.is_set():
                lines = "\n".join(f"load,w={number} v={row + i}i {BASE + row + i}" for i in range(100))
                if write(hub, f"{V2}telegraf", lines)[0] == 204:
                    row += 100
                    acknowledged[number] = row

        writers = [threading.Thread(target=load, args=(n,)) for n in range(2)]
        for writer in writers:
            writer.start()
        borders = [0, 0]
        for _ in range(10):
            target = [a + 500 for a in acknowledged]
            until(lambda: all(a >= t for a, t in zip(acknowledged, target, strict=True)), "no load")  # noqa: B023
            borders = list(acknowledged)
            for number, border in enumerate(borders):
                assert delete(hub, f'_measurement=load AND w="{number}"', BASE, BASE + border - 1)[0] == 204
                ((low,),) = hub.sql(f"SELECT min(v) FROM load WHERE w = '{number}'")
                assert low is None or low >= border
        stop.set()
        for writer in writers:
            writer.join(HANG)
        for _ in range(2):
            settle(hub)
            for number, border in enumerate(borders):
                rows = hub.sql(f"SELECT v FROM load WHERE w = '{number}' ORDER BY v")
                assert [v for (v,) in rows] == list(range(border, acknowledged[number]))
            hub.kill()
            hub.start()


def test_nobody_is_asked_without_a_terminal_and_a_hub_must_be_there(tmp_path: Path) -> None:
    command = [*HELIO, "delete", "telegraf", "--yes"]
    done = subprocess.run(
        command,
        env={
            "PATH": "",
            "HELIO_HOME": str(tmp_path),
            "HELIO_URL": "http://127.0.0.1:9",
            "HELIO_TOKEN": "x",
            "PYTHONPATH": ":".join(sys.path),
        },
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
    )
    assert (done.returncode, "no hub answers there" in done.stderr) == (1, True), done.stderr
