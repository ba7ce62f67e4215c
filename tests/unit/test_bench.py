"""``make bench``: its workloads are always the same, of the stated shape, and its verdicts are right."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from bench.dialects import DIALECTS
from bench.questions import Answer, Shape, agree, questions
from bench.report import report
from bench.run import RESULTS, _parser
from bench.workloads import backfill, tsbs_iot
from bench.workloads.known import WORKLOADS, workload
from bench.workloads.workload import BATCH_LINES, SECOND_NS, Workload, truncated

TINY = 0.05
DOCS = Path(__file__).resolve().parents[2] / "docs" / "bench.md"
FIELD_NAME = re.compile(r"(?:^|,)(\w+)=")
MADE = {name: workload(name, TINY) for name in WORKLOADS}


def first_cells(heading: str) -> list[str]:
    """Return the names in the first column of the table after a line of docs/bench.md."""
    rows = DOCS.read_text().partition(f"{heading}\n")[2].partition("\n|---|")[2].splitlines()[1:]
    cells = [row.split("|")[1] for row in takewhile(lambda row: row.startswith("|"), rows)]
    return [name for cell in cells for name in re.findall("`([^`]+)`", cell)]


def test_the_docs_name_every_option_and_every_workload() -> None:
    options = {option for action in _parser()._actions for option in action.option_strings}
    assert {*first_cells('make bench ARGS="--only tsbs_cpu,tsbs_cpu_10x_series"'), "-h", "--help"} == options
    assert sorted(first_cells("## Workloads")) == sorted(WORKLOADS)


def test_the_sample_can_be_told() -> None:
    sample = json.loads((RESULTS / "sample.json").read_text())
    told = report(sample)
    assert sample["machine"]["commit"] in told
    for size in sample["workloads"].values():
        assert f"{size['lines']:,} lines" in told
    assert "All answers agree" in told


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_workload_is_the_same_every_time(name: str) -> None:
    assert workload(name, TINY) == MADE[name]


@pytest.mark.parametrize("made", MADE.values(), ids=lambda made: made.name)
def test_a_workload_holds_what_it_says(made: Workload) -> None:
    assert [batch.count(b"\n") for batch in made.batches[:-1]] == [BATCH_LINES] * (len(made.batches) - 1)
    assert made.lines == sum(batch.count(b"\n") for batch in made.batches)
    counts: Counter[tuple[str, str]] = Counter()
    for line in b"".join(made.batches).decode().splitlines():
        series, _, rest = line.partition(" ")
        fields, _, time_ns = rest.rpartition(" ")
        assert made.start_s <= int(time_ns) // SECOND_NS < made.end_s
        counts.update((series.partition(",")[0], name) for name in FIELD_NAME.findall(fields))
    assert made.values == counts.total()
    assert {(p.measurement, p.field): p.points for p in made.probes}.items() <= counts.items()
    assert [p.field for p in made.probes if p.is_text] == ["uptime_format"] * (made.name == "telegraf_mix")


def times_s(made: Workload) -> dict[str, list[int]]:
    """Return the times of each series, in the order of sending."""
    found: dict[str, list[int]] = {}
    for line in b"".join(made.batches).decode().splitlines():
        series, _, time_ns = line.partition(" ")[0], *line.rpartition(" ")[1:]
        found.setdefault(series, []).append(int(time_ns) // SECOND_NS)
    return found


@pytest.mark.parametrize("name", ["telegraf_mix", "tsbs_cpu", "tsbs_cpu_10x_series"])
def test_undisturbed_workloads_are_in_order(name: str) -> None:
    assert all(times == sorted(times) for times in times_s(MADE[name]).values())


def test_trucks_lose_and_delay_a_tenth_of_their_points() -> None:
    made = tsbs_iot.tsbs_iot(1)
    share = made.lines / (2 * tsbs_iot.STEPS)
    assert 0.86 < share < 0.92
    times = times_s(made)
    assert any(series != sorted(series) for series in times.values())
    assert all(len(set(series)) == len(series) for series in times.values())


def test_a_board_sends_its_lost_hour_later_and_all_of_it() -> None:
    times = times_s(MADE["backfill"])
    assert {len(series) for series in times.values()} == {backfill.STEPS}
    sent = b"".join(MADE["backfill"].batches).decode().splitlines()
    ages = [
        latest - int(line.rpartition(" ")[2]) // SECOND_NS
        for latest, line in zip(_latest(sent), sent, strict=True)
    ]
    # a board that sends first in its step is compared with the step before
    assert max(ages) == (len(backfill.OFFLINE) - 1) * backfill.INTERVAL_S


def _latest(lines: list[str]) -> list[int]:
    latest, found = 0, []
    for line in lines:
        latest = max(latest, int(line.rpartition(" ")[2]) // SECOND_NS)
        found.append(latest)
    return found


def test_floats_are_cut_and_not_rounded() -> None:
    assert [truncated(1.99999, 1), truncated(-1.99999, 1), truncated(7.9, 0)] == ["1.9", "-1.9", "7"]


@pytest.mark.parametrize("name", ["telegraf_mix", "tsbs_cpu", "tsbs_iot"])
def test_questions_lie_within_the_workload_and_every_dialect_can_say_them(name: str) -> None:
    made = MADE[name]
    kinds = questions(made, 3)
    assert kinds == questions(made, 3)
    for question in (q for variants in kinds.values() for q in variants):
        assert made.start_s <= question.start_s < question.end_s <= made.end_s
        assert question.shape is not Shape.GRID or question.start_s % question.interval_s == 0
        for dialect in DIALECTS.values():
            assert dialect.ask(question, cached=True).path.startswith(("/api/", "/query?"))


def test_answers_agree_only_when_all_values_do() -> None:
    ours: Answer = {("f", "1"): 1.0, ("f", "2"): 3.0}
    assert agree(ours, {("f", "2"): 3.0 + 1e-12, ("f", "1"): 1.0}, 1e-9)
    assert not agree(ours, {("f", "1"): 1.0}, 1e-9)
    assert not agree(ours, {**ours, ("f", "2"): 3.1}, 1e-9)


MACHINE = {
    "processor": "p",
    "cores": 2,
    "memory": "1 kB",
    "kernel": "6",
    "file_system": "ext4",
    "fdatasync_ms": 1.0,
    "load_before": 0.0,
    "python": "3",
    "packages": {},
    "peers": {},
    "commit": "c",
}


def record(turn: int, server: str, visible_s: float) -> dict[str, Any]:
    figures = {"acked_s": visible_s, "visible_s": visible_s, "p50_ms": 1.0, "p99_ms": 2.0}
    ingest = figures | {"cpu_s": 1.0, "peak_rss_mb": {"hub": 100.0, "nats-server": 50.5}, "busy": 3}
    settled = {"cpu_settled_s": 2.0, "disk_bytes": 500}
    return {"round": turn, "workload": "w", "server": server, "ingest": ingest} | settled


def test_a_report_compares_within_rounds() -> None:
    rounds = [("heliograph", 1.0), ("influxd", 2.0)], [("influxd", 4.0), ("heliograph", 1.0)]
    result = {
        "machine": MACHINE,
        "settings": {"rounds": 2, "scale": 1.0, "servers": ["heliograph", "influxd"]},
        "workloads": {"w": {"lines": 1000, "values": 2000, "bytes": 1, "floor_bytes": 250.0}},
        "records": [record(turn, *each) for turn, both in enumerate(rounds, 1) for each in both],
        "values_compared": 7,
        "disagreements": [],
        "mqtt": None,
        "seconds": 1.0,
    }
    told = report(result)
    assert "visible k lines/s, ours ÷ influxd: median 3.00 of 2.00 4.00" in told
    assert "0.25" in told, "bytes per value"
    assert " 150 " in told, "the sum of the processes"
    assert "nats-server 50 MB" in told
    assert "influxd asked 6 times to try again" in told
    assert "All answers agree: 7 values" in told
    assert "ANSWERS DIFFER" in report(result | {"disagreements": ["w, q: influxd: at f 1.0 is not 2.0"]})


def test_a_report_of_a_run_that_ended_early_tells_the_rounds_that_were_ended() -> None:
    servers = ["heliograph", "influxd"]
    size = {"lines": 1000, "values": 2000, "bytes": 1, "floor_bytes": None}
    whole = [record(1, "heliograph", 1.0), record(1, "influxd", 2.0)]
    result = {
        "machine": MACHINE,
        "settings": {"rounds": 2, "scale": 1.0, "servers": servers},
        "workloads": {"w": size, "tsbs_cpu": size, "tsbs_cpu_10x_series": size},
        "records": [
            *whole,
            record(2, "heliograph", 9.0),
            record(1, "influxd", 9.0) | {"workload": "tsbs_cpu"},
        ],
        "values_compared": 7,
        "disagreements": ["w, q: influxd: at f 1.0 is not 2.0"],
        "mqtt": None,
        "seconds": 1.0,
        "failure": "heliograph: 400",
    }
    told = report(result)
    assert "visible k lines/s, ours ÷ influxd: median 2.00 of 2.00\n" in told
    assert "tsbs_cpu" not in told
    assert "ANSWERS DIFFER" in told
    assert told.endswith("IT ENDED EARLY: heliograph: 400")
    assert "IT ENDED EARLY" in report(result | {"records": []}), "nothing was ended"


def test_a_report_tells_what_more_series_cost() -> None:
    few = [record(turn, "heliograph", 1.0) | {"workload": "tsbs_cpu"} for turn in (1, 2)]
    many = [record(turn, "heliograph", 1.0 + turn) | {"workload": "tsbs_cpu_10x_series"} for turn in (1, 2)]
    size = {"lines": 1000, "values": 2000, "bytes": 1, "floor_bytes": None}
    told = report(
        {
            "machine": MACHINE,
            "settings": {"rounds": 2, "scale": 1.0, "servers": ["heliograph"], "gzip": True},
            "workloads": {"tsbs_cpu": size, "tsbs_cpu_10x_series": size},
            "records": few + many,
            "values_compared": 0,
            "disagreements": [],
            "mqtt": None,
            "seconds": 1.0,
        }
    )
    assert "heliograph: median 0.42 of 0.50 0.33" in told
    assert "batches compressed by gzip" in told
