"""A power cut at any moment: what was acknowledged until then is there at the next start."""

from __future__ import annotations

import bisect
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.real.hub_process import HubProcess
from tests.real.power_cut import left_after_cut, traced

T = 1_790_000_000_000_000_000
CUTS = int(os.environ.get("HELIO_TEST_CUTS", "4"))
BATCHES, POINTS = 40, 10
OFTEN_SEALED = ("--set", "store.seal_rows=200", "--set", "store.seal_interval=1s", "--set", "store.keep=0s")


pytestmark = [
    pytest.mark.skipif(
        shutil.which("strace") is None, reason="strace tells what is on disk: apt install strace"
    ),
]


def test_what_was_acknowledged_before_a_power_cut_is_there_after_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, trace = tmp_path / "hub", tmp_path / "trace"
    acknowledged = load(home, trace, *OFTEN_SEALED)
    chance = random.Random(3)
    first, last = acknowledged[0], acknowledged[-1]
    cuts = [last, *(chance.uniform(first, last) for _ in range(CUTS - 1))]
    for number, at in enumerate(cuts):
        promised, missing, twice = after_cut(home, trace, acknowledged, at, tmp_path / f"left{number}")
        with capsys.disabled():
            figures = f"power cut after {promised} acknowledged points: missing={missing} twice={twice}"
            print(f"\n{figures}", end="")  # noqa: T201 - the figures are what this test is for
        assert (missing, twice) == (0, 0)


def test_without_syncing_each_message_a_power_cut_loses_some(tmp_path: Path) -> None:
    """What `stream.sync` says; and the simulation of the other test can see a loss."""
    home, trace = tmp_path / "hub", tmp_path / "trace"
    acknowledged = load(home, trace, "--set", "stream.sync=60s", "--set", "store.keep=0s")
    promised, missing, twice = after_cut(home, trace, acknowledged, acknowledged[-1], tmp_path / "left")
    assert 0 < missing <= promised
    assert twice == 0


def after_cut(
    home: Path, trace: Path, acknowledged: list[float], at: float, left: Path
) -> tuple[int, int, int]:
    """Return how many points were acknowledged before a cut, how many of them are missing, and how many
    are there twice; the hub that is started on what is left must take new ones."""
    left_after_cut(trace, home, at, left)
    promised = bisect.bisect_right(acknowledged, at) * POINTS
    with HubProcess(left, "--no-agent") as hub:
        assert hub.write(f"m v=1000000i {T - 1}") == 204
        stored = [value for (value,) in hub.sql("SELECT v FROM m")]
    return promised, len(set(range(promised)) - set(stored)), len(stored) - len(set(stored))


def load(home: Path, trace: Path, *settings: str) -> list[float]:
    """Write to a hub whose calls are traced, and return when each batch was acknowledged."""
    hub = HubProcess(home)
    command = [sys.executable, "-m", "heliograph", "up", "--no-agent", "--http-port", "0", "--mqtt-port", "0"]
    with (
        (home.parent / "traced.log").open("wb") as log,
        subprocess.Popen(
            traced(trace, *command, *settings), env=hub.environment, stdout=log, stderr=log
        ) as strace,
    ):
        hub._process = strace
        hub._wait_ready()
        pid = hub.facts["pid"]
        try:
            return [acknowledged(hub, number) for number in range(BATCHES)]
        finally:
            os.kill(pid, signal.SIGKILL)
            strace.wait(120)


def acknowledged(hub: HubProcess, number: int) -> float:
    """Write a batch, by HTTP or by MQTT, and return when its acknowledgement came."""
    lines = "\n".join(f"m v={i}i {T + i}" for i in range(number * POINTS, (number + 1) * POINTS))
    if number % 3:
        assert hub.write(lines) == 204
    else:
        command = ["mosquitto_pub", "-p", str(hub.mqtt_port), "-q", "1", "-t", "tel/pi/lp", "-s"]
        subprocess.run(command, input=lines.encode(), check=True, timeout=120)
    return time.time()
