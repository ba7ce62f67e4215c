"""``make bench`` in miniature: a real hub beside a real influxd, and devices that publish."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [
    pytest.mark.skipif(
        shutil.which("influxd") is None, reason="influxdb is not installed (make test installs it)"
    ),
]


def test_a_tiny_bench_measures_everything_and_answers_agree(tmp_path: Path) -> None:
    output = tmp_path / "result.json"
    sizes = ["--rounds", "1", "--scale", "0.05", "--variants", "1", "--devices", "5", "--seconds", "4"]
    what = ["--only", "tsbs_cpu,queries,mqtt", "--servers", "heliograph,influxd"]
    where = ["--folder", str(tmp_path), "--output", str(output)]
    answer = subprocess.run(
        [sys.executable, "-m", "bench.run", *what, *sizes, *where],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
        check=False,
        capture_output=True,
        text=True,
        timeout=360,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    result = json.loads(output.read_text())
    assert {record["server"] for record in result["records"]} == {"heliograph", "influxd"}
    assert all(record["disk_bytes"] > 0 and record["ingest"]["cpu_s"] >= 0 for record in result["records"])
    assert result["values_compared"] > 1_000
    assert result["mqtt"]["stored"] == result["mqtt"]["messages"] == 5 * 4
    assert set(result["mqtt"]["cpu_percent"]) == {"hub", "nats-server"}
    assert "All answers agree" in answer.stdout
