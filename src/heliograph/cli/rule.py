"""``helio rule``: rules that watch points and tell somebody."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any, Final

from heliograph.errors import ConfigError

_STATE: Final = {"firing": "[red]firing[/]", "pending": "[yellow]pending[/]", "ok": "[green]ok[/]"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands and their options."""
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    actions.add_parser("list", help="show the rules, what fires, and how notifications go")
    add = actions.add_parser("add", help="add the rules of a TOML file, in place of those of their names")
    add.add_argument("file", metavar="FILE", type=Path, help="a file with [[rule]] (-: the input)")
    remove = actions.add_parser("rm", help="remove a rule that was added; the history of its alerts stays")
    remove.add_argument("name", metavar="NAME")
    test = actions.add_parser("test", help="show what a rule would have told; nothing is kept, nobody told")
    test.add_argument("rule", metavar="NAME|FILE", help="a rule of the hub, or a TOML file with rules")
    test.add_argument("--since", metavar="TIME", default="7d", help="how far back (7d)")
    log = actions.add_parser("history", help="show which alerts fired and were resolved")
    log.add_argument("--since", metavar="TIME", default="1d", help="how far back (1d)")
    silence = actions.add_parser(
        "silence", help="tell nobody about some alerts for a while, or at times of the week"
    )
    silence.add_argument("name", metavar="PATTERN", help="the rules: a name, in which * and ? may stand")
    silence.add_argument(
        "--for", metavar="TIME", dest="length", help="how long (1h; with --every until it is ended)"
    )
    silence.add_argument("--start", metavar="TIME", help="from when, such as 2026-12-24T18:00 (now)")
    silence.add_argument(
        "--every", metavar="DAYS", default="", help='times of the week: "sun 02:00-04:00", "day 12:00-13:00"'
    )
    silence.add_argument(
        "--zone", metavar="NAME", default="", help="by the clock of Europe/Berlin, say (the hub's own)"
    )
    silence.add_argument("--note", metavar="TEXT", default="", help="why")
    _add_tags(silence)
    end = actions.add_parser("unsilence", help="end a silence before its time")
    end.add_argument("number", metavar="NUMBER", type=int, help="as helio rule list shows it")
    ack = actions.add_parser(
        "ack", help="say that you look after the alerts of a rule: they are told no more"
    )
    ack.add_argument("name", metavar="NAME")
    ack.add_argument("--note", metavar="TEXT", default="", help="what you do about it")
    _add_tags(ack)
    parser.epilog = "What stands in a file is told by docs/rules.md; try it with helio rule test FILE first."


def _add_tags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tag", metavar="NAME=TEXT", action="append", default=[], help="only alerts with this tag"
    )


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    from urllib.parse import quote

    from heliograph.cli.hub_client import request

    match args.action:
        case "list":
            _print_all(request("GET", "/api/rules"))
        case "add":
            for asked in _rules_of(args.file):
                shown = request("POST", "/api/rules", asked)
                sys.stdout.write(f"The rule {shown['name']} watches {shown['series']} series.\n")
        case "rm":
            request("DELETE", f"/api/rules/{quote(args.name, safe='')}")
            sys.stdout.write(f"Removed the rule {args.name}.\n")
        case "test":
            return _test(args)
        case "history":
            now_ms = _now_ms()
            start_ms = now_ms - _ms(args.since)
            _print_history(request("GET", f"/api/alerts?start_ms={start_ms}&end_ms={now_ms + 1}")["history"])
        case "silence":
            made = request("POST", "/api/silences", _silence_of(args))
            sys.stdout.write(f"Silence {made['id']}: {_times_of(made)}.\n")
        case "unsilence":
            request("DELETE", f"/api/silences/{args.number}")
            sys.stdout.write(f"Ended silence {args.number}.\n")
        case _:
            return _acknowledge(args)
    return 0


def _silence_of(args: argparse.Namespace) -> dict[str, Any]:
    """Return the body that makes a silence."""
    if args.zone and not args.every:
        raise ConfigError("--zone is the clock of --every; --start has the one of this machine", key="--zone")
    body = {"rule": args.name, "tags": _tags(args.tag), "note": args.note}
    body |= {"every": args.every, "zone": args.zone}
    if args.length is not None:
        body["for"] = args.length
    if args.start is not None:
        body["start_ms"] = _start_ms(args.start)
    return body


def _start_ms(text: str) -> int:
    from datetime import datetime

    try:
        start_ms = round(datetime.fromisoformat(text).timestamp() * 1_000)
    except (ValueError, OverflowError) as error:
        raise ConfigError(
            f"a time such as 2026-12-24T18:00 was expected, {text!r} came", key="--start"
        ) from error
    if start_ms < _now_ms():
        raise ConfigError(f"{text} is over; without --start it begins now", key="--start")
    return start_ms


def _times_of(silence: dict[str, Any]) -> str:
    """Return when a silence holds, as a person says it."""
    told = []
    if silence["every"]:
        clock = silence["zone"] or "the hub"
        told.append(f"every {silence['every']} by the clock of {clock}")
    if silence["start_ms"] > _now_ms():
        told.append(f"from {_when(silence['start_ms'])}")
    told.append("until it is ended" if silence["end_ms"] is None else f"until {_when(silence['end_ms'])}")
    return " ".join(told)


def _acknowledge(args: argparse.Namespace) -> int:
    from urllib.parse import quote

    from heliograph.cli.hub_client import request

    body: dict[str, Any] = {"note": args.note} | ({"tags": _tags(args.tag)} if args.tag else {})
    count = request("POST", f"/api/rules/{quote(args.name, safe='')}/ack", body)["acknowledged"]
    if not count:
        sys.stderr.write(f"helio rule: no such alert of {args.name} fires; helio rule list shows what does\n")
        return 1
    sys.stdout.write(f"Acknowledged {count} alerts of {args.name}.\n")
    return 0


def _rules_of(path: Path) -> list[dict[str, Any]]:
    import tomllib

    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot be read: {error}", path=path) from error
    rules = content.get("rule")
    if set(content) - {"rule"} or not isinstance(rules, list) or not rules:
        reason = "[[rule]] and nothing else was expected; [action.NAME] goes into the hub's folder rules"
        raise ConfigError(reason, path=path)
    return rules


def _test(args: argparse.Namespace) -> int:
    from heliograph.cli.hub_client import request

    path = Path(args.rule)
    asked: list[Any] = _rules_of(path) if path.suffix == ".toml" or path.is_file() else [args.rule]
    end_ms = _now_ms()
    for rule in asked:
        body = {"rule": rule, "start_ms": end_ms - _ms(args.since), "end_ms": end_ms}
        answer = request("POST", "/api/rules/test", body)
        name = rule if isinstance(rule, str) else rule.get("name")
        if answer["changes"]:
            _print_history([one | {"rule": name} for one in reversed(answer["changes"])])
        fired = sum(one["state"] == "firing" for one in answer["changes"])
        more = answer["changes_total"] - len(answer["changes"])
        sys.stderr.write(
            f"{name}: {answer['series']} series, {answer['intervals']:,} intervals, fired {fired} times"
            + (f", {more:,} changes not shown" if more else "")
            + f", {len(answer['firing'])} fire at the end\n"
        )
        if answer["trouble"]:
            sys.stderr.write(f"{name}: {answer['trouble']}\n")
    return 0


def _ms(text: str) -> int:
    from heliograph.config.values import parse_duration

    return round(parse_duration(text) * 1_000)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _tags(words: list[str]) -> dict[str, str]:
    pairs = [word.partition("=") for word in words]
    if not all(name and equals for name, equals, _ in pairs):
        raise ConfigError(f"a tag such as host=pi was expected, {words!r} came", key="--tag")
    return {name: text for name, _, text in pairs}


def _when(time_ms: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time_ms / 1_000))


def _print_all(report: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("rule", "state", "severity", "from"):
        table.add_column(name, overflow="fold")
    table.add_column("series", justify="right")
    for one in report["rules"]:
        row = (escape(one["name"]), _STATE[one["state"]], one["severity"], escape(one["origin"]))
        table.add_row(*row, f"{one['series']:,}")
    console = Console(emoji=False, highlight=False)
    console.print(table)
    for one in report["rules"]:
        for alert in one["alerts"]:
            marks = " silenced" * alert["silenced"]
            if alert["acknowledged"]:
                marks += f" acknowledged by {alert['acknowledged']['by']}: {alert['acknowledged']['note']}"
            console.print(
                f"{_STATE[alert['state']]} since {_when(alert['since_ms'])}  {escape(alert['text'] + marks)}"
            )
        if one["trouble"]:
            console.print(f"[yellow]trouble[/] {escape(one['name'])}: {escape(one['trouble'])}")
    for silence in report["silences"]:
        console.print(
            f"silence {silence['id']}: {escape(silence['rule'])} {_times_of(silence)}"
            f"{', holds now' if silence['holds'] else ''} {escape(silence['note'])}"
        )
    told = report["deliveries"]
    console.print(
        f"notifications: {told['delivered']} delivered, {told['waiting']} wait, {told['failed']} failed"
    )
    if told["last_error"]:
        console.print(f"[yellow]the last that was not delivered[/]: {escape(told['last_error'])}")


def _print_history(changes: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("time", "rule", "state", "what"):
        table.add_column(name, overflow="fold")
    for one in changes:
        state = "[red]firing[/]" if one["state"] == "firing" else "[green]resolved[/]"
        what = " ".join(filter(None, (one["text"], f"({one['reason']})" if one["reason"] else "")))
        table.add_row(_when(one["time_ms"]), escape(str(one["rule"])), state, escape(what))
    Console(emoji=False, highlight=False).print(table)
