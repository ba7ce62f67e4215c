"""nats-server loses the end of its streams, or all, while the hub runs: nothing new is skipped."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.real.hub_process import HubProcess
from tests.real.test_hub_recovery import HANG, fill, stored


def lose(hub: HubProcess, change: Callable[[Path], object]) -> None:
    """Kill nats-server, change its folder before the hub can start it again, and wait for that."""
    restarts = hub.status()["broker"]["restarts"]
    os.kill(hub.pid, signal.SIGSTOP)
    try:
        os.kill(int((hub.home / "nats" / "nats-server.pid").read_text()), signal.SIGKILL)
        change(hub.home / "nats" / "jetstream")
    finally:
        os.kill(hub.pid, signal.SIGCONT)
    deadline = time.monotonic() + HANG
    while hub.request("GET", "/api/status")[0] != 200 or hub.status()["broker"]["restarts"] == restarts:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def cut(jetstream: Path) -> None:
    """Take the end of each stream away, as a power cut or a card that forgets does."""
    for stream in ("LP", "$MQTT_msgs"):
        last = max((jetstream / "$G" / "streams" / stream / "msgs").glob("*.blk"), key=lambda p: int(p.stem))
        os.truncate(last, last.stat().st_size * 2 // 3)
        (last.parent / "index.db").unlink(missing_ok=True)


def put_back(older: Path) -> Callable[[Path], object]:
    def change(jetstream: Path) -> None:
        shutil.rmtree(jetstream)
        shutil.copytree(older, jetstream)

    return change


def ledger(hub: HubProcess) -> tuple[int, int, int]:
    """Return what the ledger counts: messages acknowledged to the device, visible ones, and points."""
    [line] = hub.json("GET", "/api/ledger")["devices"]
    return line["acknowledged"], line["visible"], line["points"]


@pytest.mark.parametrize("sealing", ["1h", "1s"])
def test_a_stream_that_lost_its_end_takes_new_points_at_once(tmp_path: Path, sealing: str) -> None:
    settings = ("--no-agent", "--set", f"store.seal_interval={sealing}")
    with HubProcess(tmp_path / "hub", *settings) as hub:
        count = fill(hub, 0, 30)
        ends = {s["name"]: s["last_seq"] for s in hub.status()["streams"]}
        lose(hub, cut)
        assert all(s["last_seq"] < ends[s["name"]] for s in hub.status()["streams"]), "something was lost"
        assert stored(hub) == (count, count), "what was visible stays"
        for _ in range(3):  # until the streams have grown past where they had been
            count = fill(hub, count, 8)
            assert stored(hub) == (count, count)
        assert ledger(hub) == (27, 27, 27 * 50)
        assert "lost" not in " ".join(hub.status()["warnings"]).replace("messages are lost", "", 1)
        hub.stop()
        hub.start()
        assert stored(hub) == (count, count), "what the streams lost was written as segments"
        assert ledger(hub) == (27, 27, 27 * 50)


def test_run_json_names_the_nats_server_that_runs(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "hub", "--no-agent") as hub:
        fill(hub, 0, 2)
        first = hub.facts["nats_pid"]
        lose(hub, lambda _: None)
        fill(hub, 100, 2)
        assert hub.facts["nats_pid"] == int((hub.home / "nats" / "nats-server.pid").read_text()) != first
        hub.stop()
        assert not (hub.home / "run.json").exists()


def test_after_a_loss_and_a_crash_all_is_there_that_segments_or_streams_hold(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "hub", "--no-agent", "--set", "store.seal_interval=1h") as hub:
        count = fill(hub, 0, 10)
        hub.stop()  # sealed
        hub.start()
        held = fill(hub, count, 10)
        older = shutil.copytree(hub.home / "nats" / "jetstream", tmp_path / "older")
        lost = fill(hub, held, 10)
        lose(hub, put_back(older))
        end = fill(hub, lost, 20)
        assert stored(hub) == (end, end)
        hub.kill()
        hub.start()
        rows = hub.sql("SELECT DISTINCT v FROM m ORDER BY v")
        there = {row[0] for row in rows}
        assert there >= set(range(held)), "sealed, or still in the streams"
        assert there >= set(range(lost, end)), "acknowledged after the loss"
        assert stored(hub)[0] == len(there), "nothing twice"


def test_streams_that_are_gone_are_made_anew_before_anybody_can_send(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "hub", "--no-agent", "--set", "store.seal_interval=1h") as hub:
        count = fill(hub, 0, 10)
        lose(hub, shutil.rmtree)
        for _ in range(2):
            count = fill(hub, count, 10)
            assert stored(hub) == (count, count)
        hub.stop()
        hub.start()
        assert stored(hub) == (count, count)


def test_a_point_that_comes_where_a_deleted_one_was_is_not_deleted(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "hub", "--no-agent", "--set", "store.seal_interval=1h") as hub:
        fill(hub, 0, 4)
        older = shutil.copytree(hub.home / "nats" / "jetstream", tmp_path / "older")
        fill(hub, 200, 20)
        body = {"start": "1970-01-01T00:00:00Z", "stop": "2100-01-01T00:00:00Z", "predicate": ""}
        path = "/api/v2/delete?bucket=telegraf"
        assert hub.request("POST", path, json.dumps(body).encode())[0] == 204
        lose(hub, put_back(older))
        fill(hub, 5_000, 30)
        assert stored(hub) == (1_500, 1_500)
        hub.kill()
        hub.start()
        assert stored(hub) == (1_500, 1_500), "what was deleted stays so, what came later is there"
