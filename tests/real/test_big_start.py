"""A start reads the catalogue and not the points: the bench of it, in small."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_a_hub_starts_on_a_folder_of_a_gigabyte(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.big_start", "--gb", "1", "--folder", str(tmp_path)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with capsys.disabled():
        print(f"\n{done.stdout}", end="")  # noqa: T201 - the figures are what this test is for
    assert re.search(r"start until ready \d+\.\d\d s", done.stdout)
    peak = re.search(r"peak RSS of the hub (\d+) MB, budget (\d+) MB", done.stdout)
    assert peak is not None
    assert int(peak[1]) <= int(peak[2])
