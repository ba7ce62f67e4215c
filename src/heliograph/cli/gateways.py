"""``helio edge list`` and ``helio edge config``: gateways, as their hub sees them."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any, Final

_PATH: Final = "/api/gateways"
_PATIENCE: Final = 10.0
_LOOK: Final = 0.2


def show_all() -> int:
    """Print a line for each gateway, and what they warn of."""
    from heliograph.cli.explorer.text import printable
    from heliograph.cli.hub_client import request

    found = request("GET", _PATH)
    for gateway in found["gateways"]:
        print(_line(gateway, found["version"]))
        for warning in (gateway["report"] or {}).get("warnings", []):
            print(f"  warning: {printable(str(warning))}")
    if not found["gateways"]:
        print("No gateway is enrolled here: helio device enrol NAME --gateway", file=sys.stderr)
    return 0


def configure_one(args: argparse.Namespace) -> int:
    """Print, or set, what a gateway sends less of."""
    if args.file is None and not args.own:
        return _show(args.gateway)
    return _set(args.gateway, None if args.own else _read(args.file))


def _line(gateway: dict[str, Any], version: str) -> str:
    report = gateway["report"]
    if report is None:
        return f"{gateway['id']:20} {gateway['state']}, not heard yet"
    state = "online" if gateway["online"] else f"away, last seen {_when(gateway['seen_ms'])}"
    told = f"{report['sent']:,} sent, {report['waiting']:,} wait, {report['missed']:,} lost"
    other = "" if report["version"] == version else f" (this hub: {version})"
    return f"{gateway['id']:20} {state}; {told}; rules of its {_origin(report)}; {report['version']}{other}"


def _origin(report: dict[str, Any]) -> str:
    return "hub" if report["rules"]["from"] == "hub" else "own file"


def _show(name: str) -> int:
    rules = (_gateway(name)["report"] or {}).get("rules")
    if rules is None:
        print(f"{name} was not heard yet.", file=sys.stderr)
        return 1
    if rules["from"] == "file":
        print(f"{name} follows its own file edge.toml, with {rules['count']} rules.", file=sys.stderr)
    else:
        json.dump({"thin": rules["thin"]}, sys.stdout, indent=2)
        print()
    if rules["error"]:
        print(f"What it was sent last makes no sense to it: {rules['error']}", file=sys.stderr)
        return 1
    return 0


def _read(path: Path) -> list[dict[str, Any]]:
    """Return the rules of a file like ``edge.toml``, if they make sense.

    Raises:
        ConfigError: they make none, or there is no such file.
    """
    import tomllib

    from heliograph.errors import ConfigError
    from heliograph.hub.uplink.thin_rules import read_rules

    if not path.exists():
        raise ConfigError("there is no such file", path=path)
    read_rules(path)
    rules: list[dict[str, Any]] = tomllib.loads(path.read_text()).get("thin", [])
    return rules


def _set(name: str, thin: list[dict[str, Any]] | None) -> int:
    from urllib.parse import quote

    from heliograph.cli.hub_client import request

    made = request("PUT", f"{_PATH}/{quote(name, safe='')}/rules", {"thin": thin})
    until = time.monotonic() + _PATIENCE
    gateway = _gateway(name)
    while gateway["online"] and time.monotonic() < until and not _answered(gateway, made["made_ms"]):
        time.sleep(_LOOK)
        gateway = _gateway(name)
    if not _answered(gateway, made["made_ms"]):
        print(f"{name} is away: it gets this when it is back.")
        return 0
    rules = gateway["report"]["rules"]
    if rules["error"]:
        print(f"{name} refuses it, and goes on as before: {rules['error']}", file=sys.stderr)
        return 1
    print(f"{name} has {rules['count']} rules now, of its {_origin(gateway['report'])}.")
    return 0


def _answered(gateway: dict[str, Any], made_ms: int) -> bool:
    report = gateway["report"]
    return report is not None and report["rules"]["answers_ms"] >= made_ms


def _gateway(name: str) -> dict[str, Any]:
    from heliograph.cli.hub_client import request
    from heliograph.errors import NotFound

    for gateway in request("GET", _PATH)["gateways"]:
        if gateway["id"] == name:
            found: dict[str, Any] = gateway
            return found
    raise NotFound("gateway", name)


def _when(time_ms: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(time_ms / 1000))
