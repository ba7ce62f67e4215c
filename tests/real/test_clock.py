"""Clocks that are wrong: they jump while the hub runs, or it was off for longer than anything is kept."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.real.hub_process import HubProcess
from tests.real.test_hub_recovery import fill, stored

FAKETIME = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)
HANG = 120.0

pytestmark = pytest.mark.skipif(FAKETIME is None, reason="libfaketime shifts the clock: apt install faketime")


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that says by how much the clock of hubs is off, such as ``+1h``; nats-server's stays right."""
    offset = tmp_path / "offset"
    offset.write_text("+0")
    monkeypatch.setenv("LD_PRELOAD", str(FAKETIME))
    monkeypatch.setenv("FAKETIME_TIMESTAMP_FILE", str(offset))
    monkeypatch.setenv("FAKETIME_NO_CACHE", "1")
    monkeypatch.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
    return offset


def test_the_clock_jumps_by_an_hour_and_back_and_no_point_is_lost_or_twice(
    tmp_path: Path, clock: Path
) -> None:
    settings = ("--no-agent", "--set", "store.seal_interval=1s", "--set", "stream.keep=30m")
    with HubProcess(tmp_path / "hub", *settings) as hub:
        count = 0
        for offset in ("+0", "+1h", "-1h", "+0"):
            clock.write_text(offset)
            count = fill(hub, count, 4)
            assert hub.write(f"untimed,off={offset} v=1") == 204
            seals = hub.status()["counters"]["seals"]
            deadline = time.monotonic() + HANG
            while hub.status()["counters"]["seals"] == seals:
                assert time.monotonic() < deadline, "sealing goes on"
                time.sleep(0.05)
        hub.kill()
        hub.start()
        assert stored(hub) == (count, count)
        hours = hub.sql(
            "SELECT off, round((epoch_ns(now()) - epoch_ns(time)) / 3.6e12) FROM untimed ORDER BY time"
        )
        assert hours == [["-1h", 1], ["+0", 0], ["+0", 0], ["+1h", -1]]


def test_unsealed_points_are_there_after_years_without_the_hub(tmp_path: Path, clock: Path) -> None:
    with HubProcess(tmp_path / "hub", "--no-agent", "--set", "store.seal_interval=1h") as hub:
        count = fill(hub, 0, 10)
        hub.kill()
        clock.write_text("+1000d")
        hub.start()
        assert stored(hub) == (count, count)
        assert not list((hub.home / "segments").rglob("*.parquet")), "they were in the streams alone"
        hub.stop()
        clock.write_text("+2000d")
        hub.start()
        assert stored(hub) == (count, count)
