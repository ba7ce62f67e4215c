"""A backup of a hub under load: checked, restored, and gone on with."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path
from typing import Self

from tests.real.hub_process import HubProcess
from tests.real.test_delete import BASE, V2, delete
from tests.real.test_retention import HANG, helio, publish, settle, until, write

ASKED = "SELECT w, count(*), min(v), max(v), sum(v) FROM load WHERE v < {} GROUP BY w ORDER BY w"


class Load:
    """Two writers over HTTP; ``rows`` tells how many points of each are acknowledged."""

    def __init__(self, hub: HubProcess) -> None:
        self._hub = hub
        self._stop = threading.Event()
        self.rows = [0, 0]
        self._threads = [threading.Thread(target=self._run, args=(n,)) for n in range(2)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(HANG)

    def _run(self, number: int) -> None:
        while not self._stop.is_set():
            first = self.rows[number]
            lines = "\n".join(f"load,w={number} v={v}i {BASE + v}" for v in range(first, first + 100))
            if write(self._hub, f"{V2}telegraf", lines)[0] == 204:
                self.rows[number] = first + 100


def restored(hub: HubProcess, backup: Path, home: Path, *options: str) -> HubProcess:
    helio(hub, "restore", str(backup), "--home", str(home), *options)
    return HubProcess(home, "--no-agent")


def test_a_backup_under_load_holds_all_that_was_acknowledged_and_a_restored_hub_goes_on(
    tmp_path: Path,
) -> None:
    backup, sealed = tmp_path / "hub.helio", tmp_path / "sealed.helio"
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("correct horse battery\n")
    with HubProcess(tmp_path / "hub", "--no-agent", "--set", "store.seal_rows=1000") as hub:
        helio(hub, "bucket", "create", "lab", "--keep", "forever")
        publish(hub, f"mqtt v=1 {BASE}000000000")
        with Load(hub) as load:
            until(lambda: min(load.rows) >= 5_000, "no load")
            assert delete(hub, "w=0 AND _measurement=load", BASE, BASE + 999)[0] == 204
            before = min(load.rows)
            told = helio(hub, "backup", str(backup))
            assert "read back and compared" in told
            until(lambda: min(load.rows) >= before + 1_000, "the backup stopped the writers")
        settle(hub)
        answer = hub.sql(ASKED.format(before))
        assert backup.stat().st_mode & 0o777 == 0o600
        assert "there already" in helio(hub, "backup", str(backup), status=2)
        helio(hub, "backup", str(sealed), "--passphrase-file", str(passphrase))
        assert "in use by" in helio(hub, "restore", str(backup), "--home", str(hub.home), "--force", status=2)
        assert "--force" in helio(hub, "restore", str(backup), "--home", str(hub.home), status=2)
        token = hub.token
        again = restored(hub, backup, tmp_path / "again")
        assert "passphrase" in helio(hub, "restore", str(sealed), "--home", str(tmp_path / "no"), status=2)
        opened = restored(hub, sealed, tmp_path / "opened", "--passphrase-file", str(passphrase))
    for copy in (again, opened):
        with copy:
            assert copy.sql(ASKED.format(before)) == answer
            assert copy.token == token
            assert {b["name"] for b in copy.json("GET", "/api/buckets")["buckets"]} == {"lab", "telegraf"}
            assert copy.sql("SELECT v FROM mqtt") == [[1.0]]
            write(copy, f"{V2}telegraf", f"after v=1 {BASE}")
            publish(copy, f"after v=2 {BASE + 1}000000000")
            settle(copy)
            copy.kill()
            copy.start()
            assert copy.sql("SELECT v FROM after ORDER BY v") == [[1.0], [2.0]]
            assert copy.sql(ASKED.format(before)) == answer


def test_a_hub_that_lost_its_points_reads_what_came_after_the_backup_from_its_streams(tmp_path: Path) -> None:
    backup = tmp_path / "hub.helio"
    with HubProcess(tmp_path / "hub", "--no-agent", "--set", "store.seal_interval=1s") as hub:
        lines = [f"m v={v} {BASE + v}" for v in range(60)]
        write(hub, f"{V2}telegraf", "\n".join(lines[:20]))
        helio(hub, "backup", str(backup))
        write(hub, f"{V2}telegraf", "\n".join(lines[20:40]))
        publish(hub, "\n".join(f"n v={v} {BASE + v}000000000" for v in range(5)))
        settle(hub)
        until(lambda: hub.status()["store"]["rows_hot"] == 0, "nothing is sealed")
        hub.kill()
        (hub.home / "catalog.db").unlink()
        shutil.rmtree(hub.home / "segments")
        helio(hub, "restore", str(backup), "--force")
        hub.start()
        settle(hub)
        write(hub, f"{V2}telegraf", "\n".join(lines[40:]))
        assert [v for (v,) in hub.sql("SELECT v FROM m ORDER BY v")] == [float(v) for v in range(60)]
        assert len(hub.sql("SELECT v FROM n")) == 5


def test_a_damaged_backup_replaces_nothing(tmp_path: Path) -> None:
    backup = tmp_path / "hub.helio"
    with HubProcess(tmp_path / "hub", "--no-agent") as hub:
        write(hub, f"{V2}telegraf", f"m v=1 {BASE}")
        helio(hub, "backup", str(backup))
        hub.stop()
        data = backup.read_bytes()
        for damaged in (
            data[:-20],
            data[: len(data) // 2],
            data[:100] + bytes([data[100] ^ 1]) + data[101:],
            b"",
        ):
            backup.write_bytes(damaged)
            assert "backup" in helio(hub, "restore", str(backup), "--force", status=1)
        hub.start()
        assert hub.sql("SELECT v FROM m") == [[1.0]]
        assert not [path for path in os.listdir(hub.home) if path.startswith("restore")]  # noqa: PTH208
        assert hub.request("POST", "/api/backup", token="wrong")[0] == 401
