"""A running hub summarises what is over, and answers from that when the points are gone, after a kill too."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.real.hub_process import HubProcess

HANG = 120.0
"""Nothing here takes this long; it only ends a test that hangs."""
HOUR, DAY = 3_600, 86_400


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubProcess]:
    """A hub that seals every second and keeps points for ever."""
    with HubProcess(tmp_path / "hub", "--no-agent", "--set", "store.seal_interval=1s") as running:
        yield running


def until(true: Callable[[], Any], why: str) -> None:
    deadline = time.monotonic() + HANG
    while not true():
        assert time.monotonic() < deadline, why
        time.sleep(0.05)


def write(hub: HubProcess, lines: list[str]) -> int:
    body = "\n".join(lines).encode()
    return hub.request("POST", "/api/v2/write?bucket=telegraf&precision=s", body)[0]


def ask(hub: HubProcess, function: str, start: int, end: int, interval: int) -> dict[int, Any]:
    """Return the values of the field v by the second."""
    asked = {
        "start_ms": start * 1000,
        "end_ms": end * 1000,
        "interval_ms": interval * 1000,
        "queries": [{"measurement": "m", "fields": ["v"], "fn": function, "group_by": ["host"]}],
    }
    [answer] = hub.json("POST", "/api/query", asked)["results"]
    assert "error" not in answer
    if not answer["series"]:
        return {}
    [series] = answer["series"]
    times = (time_ms // 1000 for time_ms in answer["time_ms"])
    return dict(zip(times, series["values"], strict=True))


def keep(hub: HubProcess, **seconds: int) -> dict[str, Any]:
    status, _, answer = hub.request("PATCH", "/api/buckets/telegraf", dict(seconds))
    assert status == 200, answer
    return bucket(hub)


def restored(hub: HubProcess, folder: Path) -> HubProcess:
    """Return a hub on a backup of another."""
    file, home = folder / "backup", folder / "restored"
    for arguments in (("backup", str(file)), ("restore", str(file), "--home", str(home))):
        subprocess.run(
            [sys.executable, "-m", "heliograph", *arguments],
            env=hub.environment,
            check=True,
            stdin=subprocess.DEVNULL,
        )
    return HubProcess(home, "--no-agent")


def bucket(hub: HubProcess) -> dict[str, Any]:
    found: dict[str, Any] = hub.json("GET", "/api/buckets")["buckets"][0]
    return found


def test_summaries_answer_for_points_that_are_forgotten_and_survive_kill_and_restore(
    hub: HubProcess, tmp_path: Path
) -> None:
    start = int(time.time()) // DAY * DAY - 3 * DAY
    lines = [f"m,host=a v={second % 977}i {start + second}" for second in range(0, 2 * HOUR, 10)]
    assert write(hub, lines) == 204
    functions = ("mean", "min", "max", "sum", "count", "first", "last")
    wanted = {how: ask(hub, how, start, start + 2 * HOUR, 600) for how in functions}
    assert len(wanted["mean"]) == 12
    until(lambda: bucket(hub)["segments"], "nothing was sealed")
    keep(hub, keep_seconds=DAY)
    until(lambda: not bucket(hub)["points"], "nothing was forgotten")
    told = bucket(hub)
    assert told["bytes_1m"] > 0
    assert told["bytes_1h"] > 0
    assert hub.status()["store"]["summaries"] == 2
    for _ in range(2):
        assert {how: ask(hub, how, start, start + 2 * HOUR, 600) for how in functions} == wanted
        assert sum(ask(hub, "count", start, start + 2 * HOUR, 45).values()) == len(lines), (
            "at minutes' starts"
        )
        hub.kill()
        hub.start()
    assert write(hub, [f"m,host=a v=1i {start}"]) != 204, "too late for its summary"
    with restored(hub, tmp_path) as other:
        assert {how: ask(other, how, start, start + 2 * HOUR, 600) for how in functions} == wanted
    [device] = hub.json("GET", "/api/devices")["devices"]
    assert device["name"] == "a"
    keep(hub, keep_1m_seconds=DAY)
    until(lambda: not bucket(hub)["bytes_1m"], "the summaries by the minute were not forgotten")
    assert ask(hub, "sum", start, start + 2 * HOUR, HOUR) == {
        start + h * HOUR: sum(wanted["sum"][start + h * HOUR + m * 600] for m in range(6)) for h in range(2)
    }
    told = keep(hub, keep_1h_seconds=DAY)
    assert (told["keep_1m_seconds"], told["keep_1h_seconds"]) == (DAY, DAY)
    until(lambda: not hub.json("GET", "/api/devices")["devices"], "the device has nothing left")
    assert not list((hub.home / "rollups").rglob("*.tmp"))
