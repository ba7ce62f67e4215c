"""The product without any network but this machine's own.

::

    network namespace of its own: only lo
    ┌─────────────────────────────────────────────┐
    │ helio up ── 127.0.0.1 ── Chromium           │   no route, no name server, nothing to fetch from
    └─────────────────────────────────────────────┘
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CASE = "tests/browser/test_page.py::test_six_charts_move_by_themselves"

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace needs root"),
    pytest.mark.skipif(shutil.which("ip") is None, reason="iproute2 is not installed (make test does it)"),
]


def test_hub_and_page_work_without_a_network(tmp_path: Path) -> None:
    alone = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    case = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--basetemp={tmp_path}/in", CASE]
    done = subprocess.run([*alone, *case], cwd=ROOT, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    assert "1 passed" in done.stdout
