"""What the answers of several of InfluxDB's routes have in common: times, links, pages of a list."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request

from heliograph.errors import QueryError
from heliograph.model.time import SECOND_NS

ROOT: Final = "/api/v2"
DEFAULT_PAGE: Final = 20
LARGEST_PAGE: Final = 100
_LONGEST_TEXT: Final = 1_024


def rfc3339(time_ns: int) -> str:
    """Return a time as InfluxDB's answers show it."""
    seconds, rest_ns = divmod(time_ns, SECOND_NS)
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y-%m-%dT%H:%M:%S}.{rest_ns:09}Z"


def page_links(path: str, parameters: Mapping[str, str], offset: int, limit: int, *, more: bool) -> Any:
    """Return the links of one page of a list to itself and to its neighbours."""

    def link(begin: int) -> str:
        return f"{path}?{urlencode({**parameters, 'descending': 'false', 'limit': limit, 'offset': begin})}"

    links = {"self": link(offset)}
    if offset > 0:
        links["prev"] = link(max(0, offset - limit))
    if more:
        links["next"] = link(offset + limit)
    return links


def whole_number(request: Request, name: str, default: int, low: int, high: int) -> int:
    """Return a parameter that is a whole number.

    Raises:
        QueryError: it is not one, or is out of range.
    """
    text = request.query_params.get(name, "")
    if not text:
        return default
    try:
        value = int(text)
    except ValueError:
        value = low - 1
    if not low <= value <= high:
        raise QueryError(f"{name} must be a whole number from {low} to {high}; {text!r} came")
    return value


def text_of(
    source: Mapping[str, Any], key: str, default: str | None = None, *, most: int = _LONGEST_TEXT
) -> str:
    """Return a text of a JSON object; null counts as left out.

    Raises:
        QueryError: it is missing and has no default, is no text, or is too long.
    """
    value = source.get(key)
    if value is None:
        value = default
    if not isinstance(value, str) or len(value) > most:
        came = "nothing" if value is None else repr(value)[:80]
        raise QueryError(f"{key} must be a text of at most {most:,} characters, {came} came")
    return value
