"""Variables of any version in the form of today, their queries as plain texts."""

from __future__ import annotations

from typing import Any, Final

from heliograph.dashboards.builder import language_of
from heliograph.dashboards.shape import Json, mapping, objects, text
from heliograph.dashboards.sources import Inputs, source_of

_KINDS: Final = frozenset(
    {
        "query",
        "custom",
        "constant",
        "interval",
        "datasource",
        "textbox",
        "adhoc",
        "groupby",
        "switch",
        "system",
    }
)

_BUCKETS: Final = "buckets()"


def variables_of(dashboard: Json, inputs: Inputs) -> list[Json]:
    """Return the variables of a dashboard for the view."""
    listed = objects(mapping(dashboard.get("templating")).get("list"))
    return [_variable(one, inputs) for one in listed if text(one.get("name"))]


def _variable(variable: Json, inputs: Inputs) -> Json:
    found = dict(variable)
    kind = text(found.get("type"), "query")
    found["type"] = kind if kind in _KINDS else "constant"
    found["x-helio"] = {"language": None, "bucket": None, "unsupported": None if kind in _KINDS else kind}
    if kind == "query":
        _query(found, inputs)
    elif kind == "datasource":
        found |= {"options": [], "current": {"text": "Heliograph", "value": "helio"}}
    elif isinstance(found.get("query"), dict):
        found["query"] = query_text(found["query"])
    if kind in ("constant", "textbox"):
        value = text(found.get("query"))
        found["current"] = {"text": value, "value": value} if value else mapping(found.get("current"))
    found["current"] = mapping(found.get("current"))
    found["options"] = objects(found.get("options"))
    return found


def _query(variable: Json, inputs: Inputs) -> None:
    asked = query_text(variable.get("query")) or text(variable.get("definition"))
    variable["query"] = asked
    variable["x-helio"]["datasource"] = variable.get("datasource")
    source = source_of(variable.get("datasource"), inputs)
    if source.is_hub:
        variable["datasource"] = source.view
        variable["x-helio"] |= {"language": language_of({"query": asked}), "bucket": source.bucket}
        if _BUCKETS in asked and not mapping(variable.get("current")).get("value"):
            # nothing was chosen yet: not the first bucket of the hub, but the one that the dashboard asks
            variable["current"] = {"text": source.bucket, "value": source.bucket}
    else:
        variable["x-helio"]["unsupported"] = source.kind


def query_text(query: Any) -> str:
    """Return the text of a variable's query, which may be an object around it."""
    inner = mapping(query)
    return text(query) or text(inner.get("query")) or text(inner.get("rawSql")) or text(inner.get("expr"))
