"""What a hub finds again: after a lost or old catalogue, a recreated stream, and with little room."""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from pathlib import Path

from tests.real.hub_process import HubProcess

T = 1_790_000_000_000_000_000
HANG = 120.0


def fill(hub: HubProcess, start: int, batches: int, rows: int = 50) -> int:
    """Write batches over HTTP and MQTT in turn and return the next free number."""
    for number in range(batches):
        first = start + number * rows
        lines = "\n".join(f"m,way=w{number % 2} v={i}i {T + i}" for i in range(first, first + rows))
        if number % 2:
            command = ["mosquitto_pub", "-p", str(hub.mqtt_port), "-q", "1", "-t", "tel/pi/lp", "-s"]
            subprocess.run(command, input=lines.encode(), check=True, timeout=HANG)
        else:
            deadline = time.monotonic() + HANG
            while (status := hub.write(lines)) == 503:  # the store is behind: try again, as clients do
                assert time.monotonic() < deadline
                time.sleep(0.1)
            assert status == 204
    settle(hub)
    return start + batches * rows


def settle(hub: HubProcess) -> None:
    deadline = time.monotonic() + HANG
    while any(s["applied_seq"] < s["last_seq"] or s["age_s"] for s in hub.status()["streams"]):
        assert time.monotonic() < deadline, hub.status()["streams"]
        time.sleep(0.05)


def stored(hub: HubProcess) -> tuple[int, int]:
    """Return how many rows there are and how many different values."""
    [[rows, values]] = hub.sql("SELECT count(*), count(DISTINCT v) FROM m")
    return rows, values


def remove_catalogue(hub: HubProcess) -> None:
    for path in hub.home.glob("catalog.db*"):
        path.unlink()


def test_a_lost_catalogue_is_made_anew_from_the_streams(tmp_path: Path) -> None:
    """With more points in the streams than may be hot: reading back seals as it goes."""
    with HubProcess(tmp_path / "hub", "--no-agent", "--set", "store.seal_rows=100") as hub:
        count = fill(hub, 0, 60)
        assert stored(hub) == (count, count)
        hub.stop()
        remove_catalogue(hub)
        hub.start()
        settle(hub)
        assert stored(hub) == (count, count)
        assert fill(hub, count, 2) == count + 100
        assert stored(hub) == (count + 100, count + 100)


def test_an_old_catalogue_from_a_backup_catches_up(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "hub", "--no-agent") as hub:
        count = fill(hub, 0, 4)
        hub.stop()
        backup = shutil.copytree(hub.home / "segments", tmp_path / "segments")
        catalogue = shutil.copy(hub.home / "catalog.db", tmp_path)
        hub.start()
        count = fill(hub, count, 4)
        hub.stop()
        remove_catalogue(hub)
        shutil.rmtree(hub.home / "segments")
        shutil.copytree(backup, hub.home / "segments")
        shutil.copy(catalogue, hub.home / "catalog.db")
        hub.start()
        settle(hub)
        assert stored(hub) == (count, count)


def test_streams_that_were_recreated_are_read_from_their_first_message(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "hub", "--no-agent") as hub:
        count = fill(hub, 0, 10)
        hub.stop()
        shutil.rmtree(hub.home / "nats" / "jetstream")
        hub.start()
        assert stored(hub) == (count, count)
        count = fill(hub, count, 4)
        assert stored(hub) == (count, count)
        hub.kill()
        hub.start()
        settle(hub)
        assert stored(hub) == (count, count)


def test_streams_restored_from_an_older_copy_skip_nothing_new(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "hub", "--no-agent") as hub:
        count = fill(hub, 0, 4)
        hub.stop()
        older = shutil.copytree(hub.home / "nats" / "jetstream", tmp_path / "older")
        hub.start()
        count = fill(hub, count, 10)
        hub.stop()
        shutil.rmtree(hub.home / "nats" / "jetstream")
        shutil.copytree(older, hub.home / "nats" / "jetstream")
        hub.start()
        assert stored(hub) == (count, count)
        for _ in range(3):  # until the streams have grown past where they had been
            count = fill(hub, count, 4)
            assert stored(hub) == (count, count)
            hub.kill()
            hub.start()
        assert stored(hub) == (count, count)
        assert hub.status()["warnings"] == []


def test_fields_of_unsealed_points_keep_their_type_after_a_kill(hub: HubProcess) -> None:
    assert hub.write(f"m v=1i {T}") == 204
    hub.kill()
    hub.start()
    assert hub.write(f"m v=1.5 {T + 1}") == 422
    assert hub.sql("SELECT v FROM m") == [[1]]


def test_a_batch_that_is_larger_than_a_later_limit_is_still_read_back(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "hub", "--no-agent") as hub:
        lines = "\n".join(f"m v={i}i {T + i}" for i in range(2_000))
        assert hub.write(lines) == 204
        hub.kill()
        hub._arguments = ("--no-agent", "--set", "limits.body_bytes=1KiB")
        hub.start()
        assert stored(hub) == (2_000, 2_000)


def test_points_that_no_folder_can_be_made_for_stay_visible_and_are_told(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "hub", "--no-agent", "--set", "store.seal_interval=1s") as hub:
        obstacle = hub.home / "segments" / "telegraf"
        obstacle.write_bytes(b"")
        count = fill(hub, 0, 4)
        deadline = time.monotonic() + HANG
        while not hub.status()["warnings"]:
            assert time.monotonic() < deadline, "nobody is told that sealing fails"
            time.sleep(0.1)
        assert "sealing fails" in " ".join(hub.status()["warnings"])
        assert stored(hub) == (count, count)
        hub.stop()
        obstacle.unlink()
        hub.start()
        settle(hub)
        assert stored(hub) == (count, count)
        assert hub.status()["warnings"] == []


def test_a_full_stream_refuses_with_try_again_and_goes_on_once_points_are_sealed(tmp_path: Path) -> None:
    settings = ("--set", "stream.max_bytes=1MiB", "--set", "store.seal_rows=2000", "--set", "stream.keep=0s")
    noise = random.Random(7)
    with HubProcess(tmp_path / "hub", "--no-agent", *settings) as hub:
        acknowledged, refused, after = 0, 0, 0
        deadline = time.monotonic() + 120
        while after < 20:
            assert time.monotonic() < deadline, (acknowledged, refused)
            first = acknowledged * 10
            text = noise.randbytes(500).hex()
            lines = "\n".join(f'm v={i}i,s="{i}{text}" {T + i}' for i in range(first, first + 10))
            status, headers, _ = hub.request("POST", "/api/v2/write?bucket=telegraf", lines.encode())
            if status == 204:
                acknowledged += 1
                after += refused > 0
            else:
                assert (status, headers["retry-after"]) == (503, "2")
                refused += 1
                after = 0
                time.sleep(0.1)
        assert stored(hub) == (acknowledged * 10, acknowledged * 10)
