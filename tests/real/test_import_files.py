"""``helio import lp``: files of line protocol, killed in the middle, wrong in places, and counted."""

from __future__ import annotations

import gzip
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.real.hub_process import HubProcess

BASE_NS = 1_700_000_000_000_000_000
LINES = 60_000


def start(hub: HubProcess, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "heliograph", "import", "lp", *arguments],
        env=hub.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def import_lines(hub: HubProcess, *arguments: str, typed: str = "") -> tuple[int, str, str]:
    """Return exit status, output and errors."""
    process = start(hub, *arguments)
    printed, told = process.communicate(typed, timeout=120)
    return process.returncode, printed, told


def values(hub: HubProcess, bucket: str, sql: str) -> list[list[object]]:
    rows: list[list[object]] = hub.json("POST", "/api/sql", {"bucket": bucket, "sql": sql})["rows"]
    return rows


def export(policy: str, lines: list[str]) -> str:
    """Return a file as influx_inspect writes it."""
    head = f'# INFLUXDB EXPORT: a - b\n# DDL\nCREATE DATABASE garden WITH NAME "{policy}"\n# DML\n'
    context = f"# CONTEXT-DATABASE:garden\n# CONTEXT-RETENTION-POLICY:{policy}\n# writing tsm data\n"
    return head + context + "\n".join(lines) + "\n"


def many() -> list[str]:
    return [f"cpu,host=h{n % 20} load={n}.5,n={n}i {BASE_NS + n}" for n in range(LINES)]


def test_an_export_that_was_killed_in_the_middle_is_whole_in_the_end(hub: HubProcess, tmp_path: Path) -> None:
    file = tmp_path / "garden.lp.gz"
    with gzip.open(file, "wt") as out:
        out.write(export("forever", [*many(), *many()[:1_000]]))
    state = tmp_path / "garden.lp.gz.import-state"
    kills = 0
    for batches in (1, 4, 8):
        process = start(hub, str(file))
        while process.poll() is None and (
            not state.exists() or state.read_text().count('"key": "at"') < batches
        ):
            time.sleep(0.002)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.communicate(timeout=120)
    assert kills
    status, printed, told = import_lines(hub, str(file))
    assert (status, "Going on" in told, state.exists()) == (0, True, False), told
    assert printed.splitlines()[1].split()[1:] == [
        "garden",
        "1",
        str(2 * LINES),
        str(2 * LINES),
        "0",
        "equal",
    ]
    assert values(hub, "garden", "SELECT count(*), sum(n), max(load) FROM cpu") == [
        [LINES, LINES * (LINES - 1) // 2, LINES - 0.5]
    ]


def test_the_second_policy_of_a_database_is_a_bucket_of_its_own(hub: HubProcess, tmp_path: Path) -> None:
    for policy in ("forever", "two weeks"):
        (tmp_path / "x.lp").write_text(export(policy, [f'm,t=a s="{policy}\n#" 1']))
        status, _, told = import_lines(hub, str(tmp_path / "x.lp"))
        assert status == 0, told
    assert values(hub, "garden", "SELECT s FROM m") == [["forever\n#"]]
    assert values(hub, "garden/two weeks", "SELECT s FROM m") == [["two weeks\n#"]]
    status, _, told = import_lines(hub, str(tmp_path / "x.lp"), "--bucket", "elsewhere")
    assert (status, values(hub, "elsewhere", "SELECT s FROM m")) == (0, [["two weeks\n#"]]), told


def test_wrong_lines_are_told_with_their_place_and_the_others_are_written(
    hub: HubProcess, tmp_path: Path
) -> None:
    file = tmp_path / "some.lp"
    file.write_text('# a comment\nm v=1 1\nm s="a\nb" 2\nm v=\nm v="text" 3\nm v=4 4\n')
    status, printed, told = import_lines(hub, str(file), "--bucket", "lab", "--dry-run")
    assert (status, "2 lines" in told, "line 5" in told) == (1, True, True), told
    assert "lab" not in [one["name"] for one in hub.json("GET", "/api/buckets")["buckets"]]
    status, printed, told = import_lines(hub, str(file), "--bucket", "lab", "--precision", "s")
    assert (status, printed.splitlines()[1].split()[-1]) == (1, "equal")
    assert "The hub refused 2 lines" in told
    assert "line 5, column" in told
    assert "field type conflict" in told
    assert values(hub, "lab", "SELECT epoch_ns(time), v, s FROM m ORDER BY time") == [
        [10**9, 1, None],
        [2 * 10**9, None, "a\nb"],
        [4 * 10**9, 4, None],
    ]


def test_standard_input_is_written_as_it_comes(hub: HubProcess) -> None:
    status, printed, told = import_lines(hub, "-", "--bucket", "telegraf", typed="m v=1 1\nm v=2\n")
    assert (status, printed) == (0, "2 lines, 2 of them written.\n"), told
    assert values(hub, "telegraf", "SELECT count(*) FROM m") == [[2]]
    status, _, told = import_lines(hub, "-", typed="m v=1 1\n")
    assert (status, "--bucket NAME" in told) == (2, True)


def test_points_that_the_bucket_does_not_keep_are_told(hub: HubProcess, tmp_path: Path) -> None:
    hub.request("POST", "/api/buckets", {"name": "short", "keep_seconds": 7200})
    (tmp_path / "old.lp").write_text(f"m v=1 {BASE_NS}\nm v=2 {time.time_ns()}\n")
    status, printed, told = import_lines(hub, str(tmp_path / "old.lp"), "--bucket", "short")
    assert (status, "DIFFERENT" in printed, "beyond retention policy" in told) == (1, True, True), told
