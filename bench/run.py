"""Measure Heliograph beside InfluxDB and VictoriaMetrics, on this machine and in this run.

    python -m bench.run                                  # all of it, some minutes
    python -m bench.run --only tsbs_cpu,queries --rounds 5
    python -m bench.run --scale 10                       # ten times the devices

In each round every server gets every workload, one server after another, each as a fresh process on an
empty folder; who begins changes from round to round. docs/bench.md tells how to read the tables.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gzip
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from bench import mqtt, plans
from bench.dialects import BY_INFLUXQL
from bench.ingest import ingest
from bench.machine import facts, file_system
from bench.panels import panels
from bench.peers import SERVERS, Hub, Influxd, Server, ServerFailed, available
from bench.processes import cpu_seconds
from bench.queries import Answers, ask_all, disagreements, values_in
from bench.questions import Question, questions
from bench.report import report
from bench.workloads.known import USUAL, WORKLOADS, workload
from bench.workloads.workload import Workload

RESULTS: Final = Path(__file__).parent / "results"
_S = TypeVar("_S", bound=Server)
_GZIP_LEVEL: Final = 6
"""That of Telegraf and of most others."""
_PARTS: Final = (*WORKLOADS, "queries", "plans", "mqtt")


@dataclass(slots=True)
class Run:
    """What was measured so far, in the form of the result file."""

    machine: dict[str, Any]
    settings: dict[str, Any]
    workloads: dict[str, dict[str, Any]] = field(default_factory=dict)
    records: list[dict[str, Any]] = field(default_factory=list)
    values_compared: int = 0
    disagreements: list[str] = field(default_factory=list)
    plans: dict[str, dict[str, float]] | None = None
    mqtt: dict[str, Any] | None = None
    seconds: float = 0.0
    failure: str | None = None
    """Why it ended early; what was measured before stands."""


def main(arguments: list[str] | None = None) -> int:
    """Run what is asked for; the exit status is 1 if a server fails or answers differ, whatever the speed."""
    args = _parser().parse_args(arguments)
    began = time.monotonic()
    servers = available(args.servers)
    for missing in set(args.servers) - set(servers):
        _say(f"{missing} is not installed and is left out (make bench installs it on Debian)")
    if file_system(args.folder) == "tmpfs":
        _say(f"{args.folder} is in memory: what is forced to disk there costs nothing; use --folder")
    settings: dict[str, Any] = {
        "rounds": args.rounds,
        "scale": args.scale,
        "gzip": args.gzip,
        "only": args.only,
        "servers": servers,
    }
    run = Run(facts(args.folder, [name for name in servers if name != Hub.name]), settings)
    try:
        for number, name in enumerate(name for name in WORKLOADS if name in args.only):
            _measure_workload(run, args, workload(name, args.scale), number)
        if "plans" in args.only and Hub.name in servers:
            _say("plans")
            run.plans = plans.medians_ms()
        if "mqtt" in args.only and Hub.name in servers:
            _measure_mqtt(run, args)
    except ServerFailed as failure:
        _say(str(failure))
        run.failure = str(failure)
    run.seconds = round(time.monotonic() - began, 1)
    args.output.parent.mkdir(parents=True, exist_ok=True)
    args.output.write_text(json.dumps(asdict(run), indent=1) + "\n")
    print(report(asdict(run)))
    _say(f"All figures are in {args.output}")
    return 1 if run.disagreements or run.failure else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure Heliograph beside its peers.")
    usual = ",".join((*USUAL, "queries", "plans", "mqtt"))
    parser.add_argument(
        "--only", type=_parts, default=_parts(usual), metavar="PARTS", help=f"of {', '.join(_PARTS)}"
    )
    parser.add_argument("--servers", type=_servers, default=list(SERVERS), metavar="NAMES", help="who runs")
    parser.add_argument("--rounds", type=int, default=5, help="how often each workload runs (5)")
    parser.add_argument("--scale", type=float, default=1.0, help="factor on the number of devices (1)")
    parser.add_argument("--gzip", action="store_true", help="send the batches compressed")
    parser.add_argument("--variants", type=int, default=10, help="of each question (10)")
    parser.add_argument("--devices", type=int, default=1_000, help="devices that publish by MQTT (1,000)")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long they publish (20)")
    on_disk = Path("/var/tmp")  # noqa: S108 - /tmp may be in memory; a folder of our own is made below it
    parser.add_argument("--folder", type=Path, default=on_disk, help="where the servers write (/var/tmp)")
    now = dt.datetime.now(dt.UTC)
    output = RESULTS / f"{now:%Y-%m-%dT%H%M%S}.json"
    parser.add_argument("--output", type=Path, default=output, help="the result file")
    return parser


def _parts(text: str) -> list[str]:
    return _known(text, _PARTS)


def _servers(text: str) -> list[str]:
    return _known(text, SERVERS)


def _known(text: str, names: Any) -> list[str]:
    chosen = text.split(",")
    unknown = [name for name in chosen if name not in names]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]} is none of {', '.join(names)}")
    return chosen


def _measure_workload(run: Run, args: argparse.Namespace, given: Workload, number: int) -> None:
    run.workloads[given.name] = {
        "lines": given.lines,
        "values": given.values,
        "bytes": given.size_bytes,
        "floor_bytes": given.floor_bytes,
    }
    servers = run.settings["servers"]
    kinds = questions(given, args.variants) if "queries" in args.only else {}
    in_influxql = panels(given, args.variants) if kinds else {}
    packed = [gzip.compress(batch, _GZIP_LEVEL) for batch in given.batches] if args.gzip else None
    for turn in range(args.rounds):
        first = (turn + number) % len(servers)
        answers: dict[str, Answers] = {}
        for name in [*servers[first:], *servers[:first]]:
            _say(f"{given.name}, round {turn + 1} of {args.rounds}: {name}")
            with _server(SERVERS[name], args.folder) as server:
                record, found = _measure(server, given, kinds, in_influxql, packed)
            answers |= found
            run.records.append({"round": turn + 1, "workload": given.name, "server": name} | record)
        if Hub.name in answers:
            run.values_compared += values_in(answers[Hub.name])
            differing = disagreements(Hub.name, answers) | disagreements(BY_INFLUXQL, answers)
            run.disagreements += [f"{given.name}, {kind}: {text}" for kind, text in differing.items()]


@contextmanager
def _server(kind: type[_S], folder: Path) -> Iterator[_S]:
    with tempfile.TemporaryDirectory(prefix="helio-bench-", dir=folder) as own:
        server = kind(Path(own) / kind.name)
        try:
            yield server
        finally:
            server.stop()


def _measure(
    server: Server,
    given: Workload,
    kinds: Mapping[str, list[Question]],
    in_influxql: Mapping[str, list[Question]],
    packed: Sequence[bytes] | None,
) -> tuple[dict[str, Any], dict[str, Answers]]:
    waited_for_s = _children_cpu_s()
    record: dict[str, Any] = {"start_s": server.start()}
    if server.before_writes:
        server.ask(*server.before_writes)
    start_cpu_s = cpu_seconds(server.processes)
    if isinstance(server, Hub):
        record["parser"] = server.parser()
    record["ingest"] = asdict(ingest(server, given, packed=packed))
    server.settle()
    record["cpu_settled_s"] = _children_cpu_s() - waited_for_s - start_cpu_s
    record["disk_bytes"] = server.disk_bytes()
    if isinstance(server, Hub):
        record["stream_bytes"] = server.stream_bytes()
    if not kinds:
        return record, {}
    record["restart_s"] = server.start()
    timings, answered = ask_all(server, kinds)
    record["questions"] = {kind: asdict(timing) for kind, timing in timings.items()}
    answers = {server.name: answered}
    if isinstance(server, Hub):
        server.settle()
        server.start()  # so that the first time is a first time again
        timings, answers[BY_INFLUXQL] = ask_all(server, {**kinds, **in_influxql}, BY_INFLUXQL)
        record["influxql"] = {kind: asdict(timing) for kind, timing in timings.items()}
    elif isinstance(server, Influxd):
        timings, panelled = ask_all(server, in_influxql)
        answers[server.name] = {**answered, **panelled}
        record["influxql"] = record["questions"] | {kind: asdict(t) for kind, t in timings.items()}
    return record, answers


def _children_cpu_s() -> float:
    """Return the processor time of all processes that have been waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _measure_mqtt(run: Run, args: argparse.Namespace) -> None:
    _say(f"mqtt: {args.devices} devices, {args.seconds:g} s")
    with _server(Hub, args.folder) as hub:
        hub.start()
        run.mqtt = asdict(mqtt.measure(hub, args.devices, args.seconds))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
