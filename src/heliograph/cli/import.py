# ruff: noqa: N999 - a command is a module of its own name
"""``helio import``: points of an InfluxDB, or of files of line protocol, into the hub."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from heliograph.cli.endpoint import Endpoint
    from heliograph.cli.importing.source import Place, Source

_EPILOG: Final = """\
It can be stopped at any time: the same command goes on where it was, and no point is there twice. At the end
the values at both ends are counted; the exit status is 1 where they differ.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare where points come from."""
    parser.epilog = _EPILOG
    actions = parser.add_subparsers(metavar="FROM", dest="action", required=True)
    influx = actions.add_parser("influx", help="a running InfluxDB 1.x or 2.x")
    influx.add_argument("url", metavar="URL", help="where it is, such as http://old-pi:8086")
    influx.add_argument(
        "--api", choices=("1", "2"), help="ask it in InfluxQL or Flux, instead of by its version"
    )
    influx.add_argument(
        "--database",
        metavar="NAME",
        action="append",
        help="only this database, database/policy or bucket; may be given again",
    )
    influx.add_argument("--into", metavar="BUCKET", help="the bucket for the one database that is copied")
    time_help = "2026-11-01, 2026-11-01T12:00:00Z or 7d (ago)"
    influx.add_argument("--since", metavar="TIME", help=f"only points from then on: {time_help}")
    influx.add_argument("--until", metavar="TIME", help="only points before then")
    influx.add_argument("--user", metavar="NAME", help="who logs in at a 1.x (default: INFLUX_USERNAME)")
    influx.add_argument(
        "--password-file", metavar="FILE", help="file with the password (default: INFLUX_PASSWORD)"
    )
    influx.add_argument(
        "--token-file", metavar="FILE", help="file with the token of a 2.x (default: INFLUX_TOKEN)"
    )
    lp = actions.add_parser("lp", help="files of line protocol, as influx_inspect export writes them")
    lp.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        help='the files, also in gzip; "-" is standard input, which cannot be resumed',
    )
    lp.add_argument("--bucket", metavar="NAME", help="where all of it goes, whatever database the file names")
    lp.add_argument(
        "--precision",
        choices=("ns", "us", "ms", "s"),
        default="ns",
        help="the unit of the times (%(default)s)",
    )
    for below in (influx, lp):
        below.epilog = _EPILOG
        below.add_argument(
            "--state", metavar="FILE", type=Path, help="where it is kept what is copied already"
        )
        below.add_argument(
            "--dry-run", action="store_true", help="say what would be copied, and copy nothing"
        )


def run(args: argparse.Namespace) -> int:
    """Copy, compare and tell."""
    if args.action == "lp":
        from heliograph.cli.importing.files import import_files

        return import_files(args)
    return _import_server(args)


def _import_server(args: argparse.Namespace) -> int:
    from heliograph.cli.hub_client import hub
    from heliograph.cli.importing.copying import Copying
    from heliograph.cli.importing.journal import Journal
    from heliograph.cli.importing.report import print_compared, print_refused, resumable, watching
    from heliograph.cli.importing.target import Target

    source = _source(args)
    since_ns, until_ns = _range(args)
    places = _chosen(source.places(), args)
    if args.dry_run:
        return _preview(source, places, since_ns, until_ns)
    target = Target(hub())
    asked = {key: getattr(args, key) for key in ("database", "into", "since", "until")}
    heading = {"source": source.url, "target": target.url, **asked}
    with Journal(args.state or _state_file(source.url), heading) as journal, resumable():
        if journal.resumed:
            print(f"Going on with what {journal.path} tells.", file=sys.stderr)
        with watching() as watcher:
            copying = Copying(source, target, journal, watcher, since_ns=since_ns, until_ns=until_ns)
            compared = list(copying.run(places))
        equal = print_compared(compared)
        print_refused(target)
        for warning in source.warnings():
            print(f"warning: {warning}", file=sys.stderr)
        if equal:
            journal.remove()
        else:
            print("The same command copies what differs once more.", file=sys.stderr)
    return 0 if equal and not target.refused and not source.warnings() else 1


def _source(args: argparse.Namespace) -> Source:
    from heliograph.cli.importing.influxdb1 import InfluxDb1
    from heliograph.cli.importing.influxdb2 import InfluxDb2

    endpoint = _endpoint(args)
    api = args.api or ("2" if _version(endpoint).startswith(("2", "v2")) else "1")
    return InfluxDb2(endpoint) if api == "2" else InfluxDb1(endpoint)


def _endpoint(args: argparse.Namespace) -> Endpoint:
    import base64

    from heliograph.cli.endpoint import Endpoint
    from heliograph.errors import ConfigError

    if Path(args.url).is_file():
        raise ConfigError(
            f"expected an address such as http://old-pi:8086, the file {args.url} came;"
            " helio import lp reads files of line protocol, as influx_inspect export writes them"
        )
    if not args.url.startswith(("http://", "https://")) or "@" in args.url:
        raise ConfigError(
            f"expected an address such as http://old-pi:8086, {args.url!r} came; names and passwords go into"
            " --user and --password-file"
        )
    token = _secret(args.token_file, "INFLUX_TOKEN")
    user = args.user or os.environ.get("INFLUX_USERNAME", "")
    shown = ""
    if token:
        shown = f"Token {token}"
    elif user:
        password = _secret(args.password_file, "INFLUX_PASSWORD")
        shown = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    return Endpoint(args.url.rstrip("/"), shown)


def _secret(path: str | None, variable: str) -> str:
    from heliograph.errors import ConfigError

    if path is None:
        return os.environ.get(variable, "")
    try:
        return Path(path).read_text(encoding="utf-8").partition("\n")[0].strip()
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", path=path) from error


def _version(endpoint: Endpoint) -> str:
    with endpoint.open("GET", "/ping") as answer:
        return answer.headers.get("X-Influxdb-Version", "")


def _range(args: argparse.Namespace) -> tuple[int, int]:
    from heliograph.cli.questions.times import given_time
    from heliograph.model.time import MAX_TIME_NS, MIN_TIME_NS

    now_ns = time.time_ns()
    since_ns = given_time(args.since, now_ns) if args.since else MIN_TIME_NS
    return since_ns, given_time(args.until, now_ns) if args.until else MAX_TIME_NS + 1


def _chosen(places: list[Place], args: argparse.Namespace) -> list[Place]:
    from dataclasses import replace

    from heliograph.errors import ConfigError

    wanted = args.database or []
    chosen = [p for p in places if not wanted or {p.shown, p.database} & set(wanted)]
    unknown = set(wanted) - {name for p in chosen for name in (p.shown, p.database)}
    if unknown or not chosen:
        there = ", ".join(p.shown for p in places) or "nothing"
        raise ConfigError(f"there is no {', '.join(sorted(unknown)) or 'database'}; there are: {there}")
    if not args.into:
        return chosen
    if len(chosen) != 1:
        raise ConfigError(
            f"--into is for one database, and these are {len(chosen)}: {', '.join(p.shown for p in chosen)};"
            " choose one with --database"
        )
    return [replace(chosen[0], bucket=args.into)]


def _preview(source: Source, places: list[Place], since_ns: int, until_ns: int) -> int:
    """Print what there is; write nothing."""
    from heliograph.cli.importing.report import print_table
    from heliograph.cli.questions.times import format_time

    rows: list[list[object]] = []
    for place in places:
        for measurement in source.measurements(place):
            span = source.bounds(place, measurement, since_ns, until_ns)
            if span is None:
                continue
            counts = source.counts(place, measurement, span[0], span[1] + 1)
            times = map(format_time, span)
            rows.append([place.shown, place.bucket, measurement, *times, len(counts), counts.total()])
    print_table(["from", "into", "measurement", "first", "last", "fields", "values"], rows)
    for warning in source.warnings():
        print(f"warning: {warning}", file=sys.stderr)
    return 0


def _state_file(url: str) -> Path:
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    return Path(f"helio-import-{parts.hostname}-{parts.port or parts.scheme}.state")
