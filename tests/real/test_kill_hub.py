"""What was acknowledged is there after kill -9, and there once: ``helio selftest --crash``."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

KILLS = int(os.environ.get("HELIO_TEST_KILLS", "20"))
HANG = 120.0
SELFTEST = [sys.executable, "-m", "heliograph", "selftest", "--crash"]


@pytest.mark.timeout(600)
def test_every_acknowledged_point_is_there_once_after_kills(capsys: pytest.CaptureFixture[str]) -> None:
    command = [*SELFTEST, "--rounds", str(KILLS), "--seconds", "1.5", "--seed", "20"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    with capsys.disabled():
        print(f"\nkills={KILLS} {ended.stdout}", end="")  # noqa: T201 - the figures are what this test is for
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found = re.fullmatch(r"acked=(\d+) missing=0 duplicated=0 recovery_p99=\d+\.\d\ds\n", ended.stdout)
    assert found, ended.stdout
    assert int(found[1]) > 100 * KILLS
    assert ended.stderr == ""


def test_an_interrupted_selftest_leaves_nothing_behind(tmp_path: Path) -> None:
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen([*SELFTEST, "--seconds", "60"], env=environment, stderr=subprocess.PIPE) as test:
        wait_until(lambda: list(tmp_path.glob("helio-selftest-*/home/run.json")))
        below = psutil.Process(test.pid).children(recursive=True)
        assert {"nats-server"} <= {process.name() for process in below}
        test.send_signal(signal.SIGINT)
        assert test.wait(HANG) == 130
    assert not list(tmp_path.iterdir())
    wait_until(lambda: not any(process.is_running() for process in below))


def wait_until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + HANG
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)
