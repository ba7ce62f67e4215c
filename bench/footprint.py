#!/usr/bin/env python3
"""Measure what Heliograph weighs: memory of an idle hub and of a lone agent, start time of ``helio``.

Starts a hub of its own on free ports with its data in a temporary folder, an agent that publishes to
it every 10 s, waits, and prints a table against the budgets of ARCHITECTURE.md. A missed budget is
said, and is no error: the exit status is 0 unless something could not be measured.

    python -m bench.footprint                # two minutes, as the budgets are meant
    python -m bench.footprint --seconds 20   # a quick look
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.processes import cpu_seconds, family, name_of, stop, total_kb

HUB_BUDGET_KB = 150 * 1024
AGENT_BUDGET_KB = 25 * 1024
START_BUDGET_MS = 150.0
CPU_BUDGET_PERCENT = 1.0
READY_TIMEOUT = 60.0
STARTED = 3.0  # seconds after which an agent has started and done its first two rounds


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    value: float
    budget: float | None
    unit: str

    def __str__(self) -> str:
        value = f"{self.what:<44} {self.value:>9.1f} {self.unit:<3}"
        if self.budget is None:
            return value
        over = self.value - self.budget
        verdict = f"over by {over:.1f} {self.unit} ({100 * over / self.budget:.0f} %)" if over > 0 else "ok"
        return f"{value} {self.budget:>8.1f}  {verdict}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure memory and start time against the budgets.")
    parser.add_argument("--seconds", type=float, default=120.0, help="how long to let it idle (default: 120)")
    parser.add_argument("--json", metavar="FILE", help="also write the figures to this file")
    args = parser.parse_args()

    rows = [*start_times(), *memory(args.seconds)]
    print(f"{'':<44} {'measured':>9}     {'budget':>8}")
    for row in rows:
        print(row)
    if args.json:
        figures = {row.what: {"value": row.value, "budget": row.budget, "unit": row.unit} for row in rows}
        Path(args.json).write_text(json.dumps(figures, indent=2) + "\n")
    return 0


def start_times() -> Iterator[Row]:
    """Measure ``helio --help``; the first run warms the disk cache and the byte code and is not counted."""
    helio = [sys.executable, "-m", "heliograph", "--help"]
    times_ms = []
    for _ in range(11):
        started = time.perf_counter()
        subprocess.run(helio, check=True, stdout=subprocess.DEVNULL)
        times_ms.append((time.perf_counter() - started) * 1000)
    yield Row("helio --help, median of 10", statistics.median(times_ms[1:]), START_BUDGET_MS, "ms")


def memory(seconds: float) -> Iterator[Row]:
    """Measure an idle hub with its own agent, and a second, lone agent that publishes to it."""
    with tempfile.TemporaryDirectory(prefix="helio-footprint-") as folder:
        home = Path(folder)
        with hub(home) as (pid, run), lone_agent(run) as agent:
            time.sleep(STARTED)
            before = cpu_seconds([agent])
            measured_from = time.monotonic()
            time.sleep(seconds)
            elapsed = time.monotonic() - measured_from
            tree = family(pid)
            yield Row(
                f"hub, RSS of {len(tree)} processes", total_kb(tree, "Rss") / 1024, HUB_BUDGET_KB / 1024, "MB"
            )
            yield Row("hub, PSS", total_kb(tree, "Pss") / 1024, None, "MB")
            for member in tree:
                yield Row(f"  {name_of(member)}, RSS", total_kb([member], "Rss") / 1024, None, "MB")
            yield Row("lone agent, RSS", total_kb([agent], "Rss") / 1024, AGENT_BUDGET_KB / 1024, "MB")
            yield Row("lone agent, PSS", total_kb([agent], "Pss") / 1024, None, "MB")
            cpu_percent = 100 * (cpu_seconds([agent]) - before) / elapsed
            yield Row("lone agent, of one core", cpu_percent, CPU_BUDGET_PERCENT, "%")


@contextmanager
def hub(home: Path) -> Iterator[tuple[int, dict[str, object]]]:
    """Run a hub and give its process id and what it says of itself in ``run.json``."""
    command = [sys.executable, "-m", "heliograph", "up", "--http-port", "0", "--mqtt-port", "0"]
    with (home / "hub.log").open("wb") as log:
        process = subprocess.Popen(
            command, env=os.environ | {"HELIO_HOME": str(home)}, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        yield process.pid, wait_for_run_json(home, process)
    finally:
        stop(process)


def wait_for_run_json(home: Path, process: subprocess.Popen[bytes]) -> dict[str, object]:
    deadline = time.monotonic() + READY_TIMEOUT
    while time.monotonic() < deadline and process.poll() is None:
        try:
            run: dict[str, object] = json.loads((home / "run.json").read_text())
        except (FileNotFoundError, json.JSONDecodeError):  # not there yet, or half written
            time.sleep(0.1)
        else:
            return run
    tail = (home / "hub.log").read_text(errors="replace")[-2000:]
    raise SystemExit(f"the hub did not become ready; its log ends with:\n{tail}")


@contextmanager
def lone_agent(run: dict[str, object]) -> Iterator[int]:
    """Run an agent of its own name beside the hub's and give its process id."""
    address = f"{run['mqtt_host']}:{run['mqtt_port']}"
    command = [sys.executable, "-m", "heliograph", "agent", "--hub", address, "--host-name", "footprint"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process.pid
        if process.poll() is not None:
            raise SystemExit(f"the agent ended with exit status {process.returncode}")
    finally:
        stop(process)


if __name__ == "__main__":
    raise SystemExit(main())
