"""What queries of dashboards in the wild lack: definitions of variables, and slashes around expressions."""

from __future__ import annotations

import re
from typing import Final

from heliograph.dashboards.shape import Json, mapping, objects, text

_MENTIONED: Final = re.compile(
    r"\$(?P<bare>[A-Za-z]\w*)|\$\{(?P<curly>[A-Za-z]\w*)(?::[^}]+)?\}|\[\[(?P<square>[A-Za-z]\w*)(?::\w+)?\]\]"
)
_BUILT_IN: Final = frozenset({"timeFilter", "interval", "timezone", "resolution"})
_PATTERN: Final = re.compile(r"[=!]~\s*$")
_AS_PATTERN: Final = re.compile(r"[=!]~\s*(/[^/\n]*)?$")

_QUOTED_PATTERN: Final = re.compile(r"([=!]~\s*)'((?:[^'\\]|\\.)*)'")


def slashed(asked: str) -> str:
    """Return a query in which a quoted text after ``=~`` stands between slashes, as InfluxDB wants it."""
    return _QUOTED_PATTERN.sub(lambda match: f"{match[1]}/{_escaped(match[2])}/", asked)


def _escaped(pattern: str) -> str:
    return re.sub(r"(?<!\\)/", r"\/", pattern)


def undefined(panels: list[Json], variables: list[Json]) -> dict[str, str]:
    """Return by name the variables that nothing defines, with a value in which queries stay right.

    Where a regular expression is asked for, it stands between slashes and the value lets everything pass;
    elsewhere nothing is known.
    """
    known = {text(one.get("name")) for one in variables} | _BUILT_IN
    found: dict[str, str] = {}
    for panel in panels:
        for target in objects(panel.get("targets")):
            if mapping(target.get("x-helio")).get("language") != "influxql":
                continue
            asked = text(target.get("query"))
            for match in reversed([*_MENTIONED.finditer(asked)]):
                name = match["bare"] or match["curly"] or match["square"]
                if name in known or name.startswith("__"):
                    continue
                before = asked[: match.start()]
                if _PATTERN.search(before):
                    target["query"] = asked = f"{before}/{match[0]}/{asked[match.end() :]}"
                found[name] = found.get(name) or (".*" if _AS_PATTERN.search(before) else "")
    return found


def stand_in(name: str, value: str) -> Json:
    """Return a box for the text that a variable without a definition is to have."""
    return {
        "name": name,
        "type": "textbox",
        "label": f"{name} (not defined)",
        "query": value,
        "current": {"text": value, "value": value},
        "options": [],
        "hide": 0,
        "x-helio": {"language": None, "bucket": None, "unsupported": None, "missing": True},
    }
