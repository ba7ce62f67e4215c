"""``helio stream``: what comes, or came, from the hub's streams."""

from __future__ import annotations

import argparse
import base64
import json
import sys
import time
from collections.abc import Iterator
from typing import Any, Final

from heliograph.errors import ConfigError

_AT_ONCE: Final = 500
_WAIT: Final = 20
_STREAMS: Final = ("mqtt", "lp")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands and their options."""
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    actions.add_parser("ls", help="show the streams")
    info = actions.add_parser("info", help="show one stream, and how far its consumers are")
    info.add_argument("name", metavar="STREAM", help="mqtt or lp")
    replay = actions.add_parser("replay", help="print what came, of both streams by time")
    replay.add_argument("--since", metavar="TIME", default="1h", help="how far back (1h)")
    replay.add_argument("--stream", metavar="STREAM", help="only this one: mqtt or lp")
    _add_filters(replay)
    tail = actions.add_parser("tail", help="print what comes from now on, until Ctrl-C")
    tail.add_argument("--stream", metavar="STREAM", default="mqtt", help="mqtt (default) or lp")
    _add_filters(tail)
    consumer = actions.add_parser("consumer", help="make, read and remove consumers: places in a stream")
    doing = consumer.add_subparsers(metavar="ACTION", dest="doing", required=True)
    add = doing.add_parser("add", help="make a consumer")
    add.add_argument("name", metavar="NAME")
    add.add_argument("--stream", metavar="STREAM", default="mqtt", help="mqtt (default) or lp")
    add.add_argument("--since", metavar="TIME", help="begin with what came so long ago (default: now)")
    following = doing.add_parser("next", help="print what it has not acknowledged, and acknowledge that")
    following.add_argument("name", metavar="NAME")
    following.add_argument(
        "--count", metavar="COUNT", type=int, default=_AT_ONCE, help="so many at most (500)"
    )
    following.add_argument("--no-ack", action="store_true", help="print only")
    remove = doing.add_parser("rm", help="remove a consumer")
    remove.add_argument("name", metavar="NAME")
    parser.epilog = "The stream mqtt has messages of QoS 1 and 2, lp batches that were written over HTTP."


def _add_filters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-t", "--topic", metavar="FILTER", default="", help="only messages of these topics")
    parser.add_argument("--bucket", metavar="NAME", default="", help="only batches for this bucket")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    from heliograph.cli.hub_client import request

    match args.action:
        case "ls":
            _print_streams(request("GET", "/api/streams")["streams"])
        case "info":
            found = [one for one in request("GET", "/api/streams")["streams"] if one["name"] == args.name]
            if not found:
                raise _unknown(args.name)
            _print_streams(found)
            _print_consumers(found[0]["consumers"])
        case "replay":
            return _replay(args)
        case "tail":
            return _tail(args)
        case _:
            return _consumer(args)
    return 0


def _replay(args: argparse.Namespace) -> int:
    import heapq

    from heliograph.config.values import parse_duration

    since_ms = time.time_ns() // 1_000_000 - round(parse_duration(args.since) * 1_000)
    names = [args.stream] if args.stream else ["lp", "mqtt"]
    if args.topic and not args.stream:
        names = ["mqtt"]
    if args.bucket and not args.stream:
        names = ["lp"]
    streams = [_read(name, f"since_ms={since_ms}", args) for name in names]
    for message in heapq.merge(*streams, key=lambda one: int(one["time_ns"])):
        _print(message, as_json=args.json)
    return 0


def _read(name: str, begin: str, args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield what a stream holds now, from a place on."""
    from urllib.parse import quote

    from heliograph.cli.hub_client import request

    end = next((s["last_seq"] for s in request("GET", "/api/streams")["streams"] if s["name"] == name), 0)
    while True:
        path = f"/api/streams/{quote(name, safe='')}/messages?{begin}&limit={_AT_ONCE}{_filters(args)}"
        answer = request("GET", path)
        for message in answer["messages"]:
            if message["seq"] <= end:
                yield message
        if answer["next_seq"] > end:
            return
        begin = f"from_seq={answer['next_seq']}"


def _unknown(name: str) -> ConfigError:
    if name in _STREAMS:
        return ConfigError(
            f"this token may see nothing of the stream {name}; helio stream ls lists the others"
        )
    return ConfigError(f"a stream, mqtt or lp, was expected, {name!r} came")


def _tail(args: argparse.Namespace) -> int:
    from urllib.parse import quote

    from heliograph.cli.hub_client import request

    ends = {one["name"]: one["last_seq"] for one in request("GET", "/api/streams")["streams"]}
    if args.stream not in ends:
        raise _unknown(args.stream)
    next_seq = ends[args.stream] + 1
    while True:
        answer = request(
            "GET",
            f"/api/streams/{quote(args.stream, safe='')}/messages?from_seq={next_seq}&limit={_AT_ONCE}"
            f"&wait={_WAIT}{_filters(args)}",
        )
        if answer["missed"]:
            sys.stderr.write(
                f"helio stream: {answer['missed']:,} messages were purged before they were read\n"
            )
        for message in answer["messages"]:
            _print(message, as_json=args.json)
        sys.stdout.flush()
        next_seq = answer["next_seq"]


def _filters(args: argparse.Namespace) -> str:
    from urllib.parse import urlencode

    given = {name: text for name, text in (("topic", args.topic), ("bucket", args.bucket)) if text}
    return f"&{urlencode(given)}" if given else ""


def _consumer(args: argparse.Namespace) -> int:
    from urllib.parse import quote

    from heliograph.cli.hub_client import request
    from heliograph.config.values import parse_duration

    path = f"/api/consumers/{quote(args.name, safe='')}"
    if args.doing == "add":
        body: dict[str, Any] = {"name": args.name, "stream": args.stream}
        if args.since:
            body["since_ms"] = time.time_ns() // 1_000_000 - round(parse_duration(args.since) * 1_000)
        made = request("POST", "/api/consumers", body)
        sys.stdout.write(
            f"{made['name']} reads {made['stream']}, {made['waiting']:,} messages wait for it.\n"
        )
    elif args.doing == "rm":
        request("DELETE", path)
        sys.stdout.write(f"Removed the consumer {args.name}.\n")
    else:
        answer = request("GET", f"{path}/messages?limit={args.count}")
        for message in answer["messages"]:
            _print(message, as_json=False)
        sys.stdout.flush()
        if not args.no_ack and answer["next_seq"] > 1:
            request("POST", f"{path}/ack", {"seq": answer["next_seq"] - 1})
    return 0


def _print(message: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(message, ensure_ascii=False) + "\n")
        return
    seconds, rest_ns = divmod(message["time_ns"], 1_000_000_000)
    when = time.strftime("%H:%M:%S", time.localtime(seconds)) + f".{rest_ns // 1_000_000:03d}"
    text = message.get("payload")
    if text is None:
        text = f"{len(base64.b64decode(message['payload_base64'])):,} bytes"
    for line in text.splitlines() or [""]:
        shown = "".join(letter if letter.isprintable() or letter == "\t" else "·" for letter in line)
        sys.stdout.write(f"{when} {message.get('topic') or message['bucket']} {shown}\n")


def _print_streams(streams: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    from heliograph.config.values import format_size

    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("stream")
    for name in ("first", "last", "size", "of", "consumers"):
        table.add_column(name, justify="right")
    for one in streams:
        sizes = (f"{one['bytes'] / 2**20:,.1f} MiB", format_size(one["max_bytes"]))
        numbers = (f"{one['first_seq']:,}", f"{one['last_seq']:,}")
        table.add_row(one["name"], *numbers, *sizes, str(len(one["consumers"])))
    Console(emoji=False, highlight=False).print(table)


def _print_consumers(consumers: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("consumer")
    for name in ("acknowledged", "waiting", "missed", "last seen"):
        table.add_column(name, justify="right")
    for one in consumers:
        seen = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(one["seen_ms"] / 1_000))
        table.add_row(
            one["name"], *(f"{one[key]:,}" for key in ("acknowledged_seq", "waiting", "missed")), seen
        )
    Console(emoji=False, highlight=False).print(table)
