"""A result file as tables: what each server did, and the ratios of round to round.

    python -m bench.report bench/results/2026-11-24T120000.json

A ratio compares two servers within one round; figures of different rounds, or runs, are never divided.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

Record: TypeAlias = dict[str, Any]
Figure: TypeAlias = Callable[[Record], float]

OURS: Final = "heliograph"
PEER: Final = "influxd"
"""Whose language we speak too."""


def report(result: Record) -> str:
    """Return all tables of a result; of a run that ended early those of the rounds that were ended."""
    result = _whole_rounds(result)
    parts = [*_machine(result)]
    for name in result["workloads"]:
        parts += ["", *_ingest(result, name)]
        if any("questions" in record for record in _of(result, name)):
            parts += ["", *_questions(result, name)]
        if OURS in _servers(result) and any("influxql" in record for record in _of(result, name, PEER)):
            parts += ["", *_influxql(result, name)]
    parts += _growth(result)
    if result.get("plans"):
        parts += ["", *_plans(result["plans"])]
    if result["mqtt"]:
        parts += ["", *_mqtt(result["mqtt"])]
    parts += ["", *_agreement(result)]
    return "\n".join(parts)


def _whole_rounds(result: Record) -> Record:
    """Return a result without the rounds in which not all servers stand, and workloads that have no other."""
    servers = set(_servers(result))
    there: dict[tuple[str, int], set[str]] = {}
    for record in result["records"]:
        there.setdefault((record["workload"], record["round"]), set()).add(record["server"])
    whole = {place for place, those in there.items() if those == servers}
    told = {name for name, _ in whole}
    return result | {
        "records": [r for r in result["records"] if (r["workload"], r["round"]) in whole],
        "workloads": {name: size for name, size in result["workloads"].items() if name in told},
    }


def _machine(result: Record) -> Iterator[str]:
    machine, settings = result["machine"], result["settings"]
    yield f"{machine['processor']}, {machine['cores']} cores, {machine['memory']}, Linux {machine['kernel']}"
    yield (
        f"{machine['file_system']}, fdatasync {machine['fdatasync_ms']} ms, load before the run"
        f" {machine['load_before']:.2f}, Python {machine['python']}"
    )
    versions = machine["packages"] | machine["peers"]
    yield ", ".join(f"{name} {version}" for name, version in versions.items())
    parsers = {record["parser"] for record in result["records"] if "parser" in record}
    yield f"commit {machine['commit']}, parser: {', '.join(parsers) or 'unknown'}"
    packed = ", batches compressed by gzip" if settings.get("gzip") else ""
    how = f"rounds: {settings['rounds']}{packed}, scale: {settings['scale']:g}"
    yield f"{how}, took {result['seconds']:.0f} s"


def _of(result: Record, workload: str, server: str | None = None) -> list[Record]:
    return [
        record
        for record in result["records"]
        if record["workload"] == workload and server in (None, record["server"])
    ]


def _servers(result: Record) -> list[str]:
    servers: list[str] = result["settings"]["servers"]
    return servers


def _ingest(result: Record, name: str) -> Iterator[str]:
    size = result["workloads"][name]
    yield f"{name}: {size['lines']:,} lines, {size['values']:,} values, {size['bytes'] / 1e6:.1f} MB"
    columns = _columns(size)
    rows = []
    for server in _servers(result):
        records = _of(result, name, server)
        cells = [_cell(figure, records, digits) for _, digits, figure in columns]
        rows.append([server, *cells])
    yield from _table(["", *(title for title, *_ in columns)], rows)
    for process in _of(result, name, OURS)[0]["ingest"]["peak_rss_mb"] if OURS in _servers(result) else ():
        peaks = [record["ingest"]["peak_rss_mb"][process] for record in _of(result, name, OURS)]
        yield f"  peak memory of ours while ingesting: {process} {max(peaks):.0f} MB"
    for server in _servers(result):
        busy = sum(record["ingest"]["busy"] for record in _of(result, name, server))
        if busy:
            yield f"  {server} asked {busy} times to try again"
    compared = {title: figure for title, _, figure in columns}
    for title in ("visible k lines/s", "CPU s/M lines", "B/value"):
        yield from _ratios(result, name, title, compared[title])


def _columns(size: Record) -> list[tuple[str, int, Figure]]:
    lines, values, floor = size["lines"], size["values"], size["floor_bytes"]
    columns: list[tuple[str, int, Figure]] = [
        ("acked k lines/s", 0, lambda r: lines / r["ingest"]["acked_s"] / 1e3),
        ("visible k lines/s", 0, lambda r: lines / r["ingest"]["visible_s"] / 1e3),
        ("k values/s", 0, lambda r: values / r["ingest"]["visible_s"] / 1e3),
        ("p50 ms", 0, lambda r: r["ingest"]["p50_ms"]),
        ("p99 ms", 0, lambda r: r["ingest"]["p99_ms"]),
        ("CPU s/M lines", 1, lambda r: r["ingest"]["cpu_s"] / lines * 1e6),
        ("to settled", 1, lambda r: r["cpu_settled_s"] / lines * 1e6),
        ("peak MB", 0, lambda r: sum(r["ingest"]["peak_rss_mb"].values())),
        ("B/value", 2, lambda r: r["disk_bytes"] / values),
    ]
    if floor:
        columns.append(("x floor", 1, lambda r: r["disk_bytes"] / floor))
    return columns


def _questions(result: Record, name: str) -> Iterator[str]:
    yield f"questions to {name}: median ms, the first time / again"
    servers = _servers(result)
    kinds = next(record["questions"] for record in _of(result, name) if "questions" in record)
    others = [server for server in servers if server != OURS] if OURS in servers else []
    rows = []
    for kind in kinds:
        figures = [_timing(result, name, server, kind) for server in servers]
        rows.append([kind, *figures, *(_again_ratio(result, name, kind, other) for other in others)])
    yield from _table(["", *servers, *(f"again, ours ÷ {other}" for other in others)], rows)
    yield from _ratios(result, name, "sum of medians, the first time", _sum_of("cold_ms"))
    yield from _ratios(result, name, "sum of medians, again", _sum_of("warm_ms"))


def _timing(result: Record, name: str, server: str, kind: str) -> str:
    timings = [record["questions"][kind] for record in _of(result, name, server)]
    cold, warm = (statistics.median(t[which] for t in timings) for which in ("cold_ms", "warm_ms"))
    return f"{cold:.1f} / {warm:.1f}"


def _again_ratio(result: Record, name: str, kind: str, other: str) -> str:
    return f"{statistics.median(_per_round(result, name, _warm(kind), other)):.2f}"


def _warm(kind: str) -> Figure:
    return lambda record: float(record["questions"][kind]["warm_ms"])


def _influxql(result: Record, name: str) -> Iterator[str]:
    """Tell how fast we answer InfluxQL beside the one who made it."""
    yield f"InfluxQL at /query to {name}: median ms, the first time / again"
    kinds = _of(result, name, PEER)[0]["influxql"]
    rows = []
    slower = []
    for kind in kinds:
        cells = []
        for server in (OURS, PEER):
            timings = [record["influxql"][kind] for record in _of(result, name, server)]
            cold, warm = (statistics.median(t[which] for t in timings) for which in ("cold_ms", "warm_ms"))
            cells.append(f"{cold:.1f} / {warm:.1f}")
        first, again = (_times_as_fast(result, name, kind, which) for which in ("cold_ms", "warm_ms"))
        slower += [kind] if min(first, again) < 1 else []
        rows.append([kind, *cells, f"{first:.2f} x", f"{again:.2f} x"])
    yield from _table(["", OURS, PEER, "as fast, the first time", "again"], rows)
    yield f"  slower than {PEER}: {', '.join(slower) or 'none'}"


def _times_as_fast(result: Record, name: str, kind: str, which: str) -> float:
    def figure(record: Record) -> float:
        return float(record["influxql"][kind][which])

    return 1 / statistics.median(_per_round(result, name, figure, PEER))


def _sum_of(which: str) -> Figure:
    return lambda record: float(sum(timing[which] for timing in record["questions"].values()))


def _ratios(result: Record, name: str, title: str, figure: Figure) -> Iterator[str]:
    """Say how we stand to each peer, round by round and in the median."""
    servers = _servers(result)
    for other in servers:
        if other != OURS and OURS in servers:
            ratios = _per_round(result, name, figure, other)
            told = " ".join(f"{ratio:.2f}" for ratio in ratios)
            yield f"  {title}, ours ÷ {other}: median {statistics.median(ratios):.2f} of {told}"


def _per_round(result: Record, name: str, figure: Figure, other: str) -> list[float]:
    """Return our figure divided by another server's of the same round."""
    ours = {record["round"]: figure(record) for record in _of(result, name, OURS)}
    theirs = {record["round"]: figure(record) for record in _of(result, name, other)}
    return [ours[turn] / theirs[turn] for turn in sorted(ours.keys() & theirs.keys())]


def _growth(result: Record) -> Iterator[str]:
    """Say what ten times the series cost each server; the lines are as many."""
    few, many = "tsbs_cpu", "tsbs_cpu_10x_series"
    if few not in result["workloads"] or many not in result["workloads"]:
        return
    yield ""
    yield "ten times the series, as many lines: visible lines a second, as a share of the rate with a tenth"
    for server in _servers(result):
        before = {record["round"]: record for record in _of(result, few, server)}
        shares = [
            before[record["round"]]["ingest"]["visible_s"] / record["ingest"]["visible_s"]
            for record in _of(result, many, server)
        ]
        told = " ".join(f"{share:.2f}" for share in shares)
        yield f"  {server}: median {statistics.median(shares):.2f} of {told}"


def _plans(figures: dict[str, dict[str, float]]) -> Iterator[str]:
    yield "InfluxQL from text to plan, before anything is read: median ms"
    rows = [[name, *(f"{times[kind]:.2f}" for kind in ("cold", "kept"))] for name, times in figures.items()]
    yield from _table(["", "cold", "kept"], rows)


def _mqtt(figures: Record) -> Iterator[str]:
    f = figures
    yield f"MQTT: {f['devices']} devices, each one message of QoS 1 a second"
    yield f"  {f['messages']:,} messages acknowledged, {f['stored']:,} points stored"
    yield f"  publish to acknowledgement: p50 {f['puback_p50_ms']:.1f} p99 {f['puback_p99_ms']:.1f} ms"
    seen = f"p50 {f['visible_p50_ms']:.1f} p99 {f['visible_p99_ms']:.1f} ms"
    yield f"  acknowledgement to visible: {seen}, looked at every {f['poll_ms']:.0f} ms"
    cpu = ", ".join(f"{name} {percent:.1f} %" for name, percent in f["cpu_percent"].items())
    yield f"  of one core, while nobody asks: {cpu}"


def _agreement(result: Record) -> list[str]:
    early = [f"IT ENDED EARLY: {result['failure']}"] if result.get("failure") else []
    return [*_compared(result), *early]


def _compared(result: Record) -> list[str]:
    compared = result["values_compared"]
    if not compared:
        return ["No answers were compared."]
    if not result["disagreements"]:
        return [f"All answers agree: {compared:,} values of ours are those of every other server."]
    return ["ANSWERS DIFFER:", *(f"  {text}" for text in result["disagreements"])]


def _cell(figure: Figure, records: list[Record], digits: int) -> str:
    return f"{statistics.median(figure(record) for record in records):,.{digits}f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        yield "  " + "  ".join([row[0].ljust(widths[0]), *cells]).rstrip()


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        print(report(json.loads(Path(argument).read_text())))
