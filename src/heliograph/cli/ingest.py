"""``helio ingest``: the rules by which MQTT messages of any topic become points."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from heliograph.errors import ConfigError

_PARSERS: Final = "lp, json, value, cbor, senml, sparkplug, tasmota, zigbee2mqtt, homeassistant, homie"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the four sub-commands and their options."""
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    actions.add_parser("list", help="show the rules in the order in which they are tried, and what they did")
    add = actions.add_parser("add", help="let a rule hold from now on")
    add.add_argument("name", metavar="NAME", help="its name; that of a shipped rule alone brings it back")
    _add_rule(add)
    remove = actions.add_parser("remove", help="let a rule hold no longer; what it stored stays")
    remove.add_argument("name", metavar="NAME")
    test = actions.add_parser("test", help="show the points that a message would give; nothing is stored")
    test.add_argument("--topic", metavar="TOPIC", required=True, help="the topic of the message")
    payload = test.add_mutually_exclusive_group(required=True)
    payload.add_argument("--payload", metavar="TEXT", help="the message")
    payload.add_argument(
        "--file", metavar="FILE", type=Path, help="a file that is the message (-: the input)"
    )
    test.add_argument("--filter", metavar="FILTER", help="try a rule with this filter instead of the hub's")
    _add_rule(test, own_topic=False)
    parser.epilog = (
        "The first rule whose filter matches takes a message. Example: helio ingest add rooms --topic"
        " 'home/{room}/climate' --parser json --measurement climate --field t:float=temperature"
    )


def _add_rule(parser: argparse.ArgumentParser, *, own_topic: bool = True) -> None:
    if own_topic:
        parser.add_argument("--topic", metavar="FILTER", help="which topics; {name} is a level that is a tag")
    parser.add_argument("--parser", metavar="FORM", help=f"how payloads are read: {_PARSERS}")
    parser.add_argument("--bucket", metavar="NAME", help="where the points go (telegraf)")
    parser.add_argument("--measurement", metavar="NAME", help="their measurement; {level} may stand in it")
    parser.add_argument(
        "--tag", metavar="NAME=TEXT", action="append", default=[], help="a tag; {level} may stand in it"
    )
    parser.add_argument(
        "--field",
        metavar="FIELD",
        action="append",
        default=[],
        help="PATH, NAME=PATH or NAME:TYPE=PATH with float, int, bool or string; none: all numbers",
    )
    parser.add_argument("--time", metavar="PATH", help="where the time stands; else it is when they came")
    parser.add_argument("--time-form", metavar="FORM", help="s, ms, us, ns or iso; else it is found out")


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    from urllib.parse import quote

    from heliograph.cli.hub_client import request

    if args.action == "list":
        _print(request("GET", "/api/ingest")["rules"])
    elif args.action == "add":
        _print([request("POST", "/api/ingest", {"name": args.name} | _rule(args, args.topic))])
    elif args.action == "remove":
        gone = request("DELETE", f"/api/ingest/{quote(args.name, safe='')}")
        sys.stdout.write(f"Removed the rule {gone['rule']['name']}; what it stored stays.\n")
    else:
        return _test(args)
    return 0


def _rule(args: argparse.Namespace, topic: str | None) -> dict[str, Any]:
    tags = dict(_pair(text) for text in args.tag)
    asked = {
        "topic": topic,
        "parser": args.parser,
        "bucket": args.bucket,
        "measurement": args.measurement,
        "tags": tags,
        "fields": args.field,
        "time": args.time,
        "time_form": args.time_form,
    }
    return {key: value for key, value in asked.items() if value}


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise ConfigError(f"a tag such as room=lab was expected, {text!r} came", key="--tag")
    return name, value


def _test(args: argparse.Namespace) -> int:
    import base64

    from heliograph.cli.hub_client import request

    body: dict[str, Any] = {"topic": args.topic}
    if args.payload is not None:
        body["payload"] = args.payload
    else:
        body["payload_base64"] = base64.b64encode(_read(args.file)).decode()
    rule = _rule(args, args.filter)
    if rule:
        body["rule"] = {"topic": args.topic} | rule
    answer = request("POST", "/api/ingest/test", body)
    if answer["rule"] is None:
        sys.stderr.write(f"helio ingest: no rule takes {args.topic}; helio ingest list shows the filters\n")
        return 1
    bucket = answer["rule"].get("bucket", "telegraf")
    sys.stderr.write(f"rule {answer['rule']['name']}, bucket {bucket}, points {len(answer['points'])}\n")
    for point in answer["points"]:
        sys.stdout.write(f"{point['line']}\n")
    return 0


def _read(path: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", path=path) from error


def _print(rules: Sequence[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("rule", "topic", "parser", "stored in", "from"):
        table.add_column(name, overflow="fold")
    for name in ("messages", "points", "bad"):
        table.add_column(name, justify="right")
    for shown in rules:
        rule = shown["rule"]
        place = " ".join(filter(None, (rule.get("bucket", "telegraf"), rule.get("measurement"))))
        counts = (f"{shown[key]:,}" for key in ("messages", "points", "bad"))
        names = (rule["name"], rule["topic"], rule["parser"], place, shown["origin"])
        table.add_row(*map(escape, names), *counts)
    console = Console(emoji=False, highlight=False)
    console.print(table)
    for shown in rules:
        if shown["last_error"]:
            console.print(f"[yellow]bad[/]  {escape(shown['rule']['name'])}: {escape(shown['last_error'])}")
