"""Line protocol that answers every query of a dashboard: calm waves, and counters that only rise."""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from heliograph.dashboards.demo.variables import chosen_values, listed_series
from heliograph.dashboards.demo.wanted import Wanted, distinct, of_flux, of_select, settle, unite
from heliograph.dashboards.expanding import Range, Values, expand
from heliograph.dashboards.shape import Json, objects
from heliograph.errors import QueryError
from heliograph.query.influxql import tree
from heliograph.query.influxql.parser import parse

POINTS: Final = 240
"""Of each series over the whole range."""
OWN_POINTS: Final = 1_000
"""Of each series over the dashboard's own range: close enough that lines have no gaps."""
_SERIES_MOST: Final = 2
_LONG_STEP_MS: Final = 1_800_000
_NEWEST_MS: Final = (120_000, 60_000, 20_000, 5_000)
"""How long before the end there are points more: some panels ask for the last minutes only."""
_STEP_NS: Final = 1_000_000
_ESCAPED: Final = str.maketrans({",": r"\,", " ": r"\ ", "=": r"\=", "\n": " ", "\\": "/"})
_AGO: Final = re.compile(r"now-(\d+)([smhdwMy])(?:/\w)?|now/([dwMy])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800, "M": 2_592_000, "y": 31_536_000}


@dataclass(slots=True)
class Demo:
    """What was read out of a dashboard, and the points that fit it."""

    values: Values
    wanted: list[Wanted] = field(default_factory=list)
    queries: int = 0
    unread: list[str] = field(default_factory=list)
    """Queries that are no InfluxQL or Flux, with the reason."""
    known: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """By bucket, measurement and field the types of fields that the hub has already."""

    @property
    def buckets(self) -> list[str]:
        """The buckets that the points are for."""
        return sorted({one.bucket for one in self.wanted})

    def lines(self, bucket: str) -> Iterator[str]:
        """Yield the points of a bucket."""
        kinds = self._kinds(bucket)
        for number, wanted in enumerate(one for one in self.wanted if one.bucket == bucket):
            for tags in _series(wanted):
                yield from _points(wanted, tags, kinds, self.values.range, number)

    def _kinds(self, bucket: str) -> dict[tuple[str, str], str]:
        """Return by measurement and field whether it is a number, a counter, a text or true and false."""
        found: dict[tuple[str, str], str] = {}
        numbers = {
            (one.measurement, name)
            for one in self.wanted
            for name, value in one.fixed.items()
            if one.bucket == bucket and isinstance(value, float)
        }
        for one in self.wanted:
            if one.bucket == bucket:
                place = one.measurement
                found |= {(place, name): "rising" for name in one.rising}
                found |= {(place, name): "text" for name in one.texts}
                for name, value in one.fixed.items():
                    kind = "text" if isinstance(value, str) else "truth" if isinstance(value, bool) else ""
                    if kind and (place, name) not in numbers:
                        found[place, name] = kind
        for (where, measurement, name), kind in self.known.items():
            if where == bucket:
                rises = kind == "integer" and found.get((measurement, name)) == "rising"
                found[measurement, name] = "rising integer" if rises else kind
        return found


def demo_of(view: Json, range_: Range, bucket: str) -> Demo:
    """Return what the queries of a view need, over its own range or the given one."""
    variables = view["templating"]["list"]
    chosen = chosen_values(variables, bucket)
    demo = Demo(Values(range_, bucket, chosen.values))
    for asked in texts_of(view):
        language, place, text = asked["language"], asked["bucket"], asked["text"]
        shown = expand(text, language, demo.values)
        try:
            made = _wanted(shown, language, place, chosen.by_tag)
        except QueryError as error:
            demo.unread.append(f"{asked['id']}: {error}")
            continue
        if asked["format"] == "logs":
            for one in made:
                one.texts |= one.fields - one.called
        demo.wanted += made
    demo.wanted += listed_series(variables, chosen, demo.values, demo.wanted)
    settle(demo.wanted)
    unite(demo.wanted, chosen.by_tag)
    demo.queries = len(demo.wanted)
    demo.wanted = distinct(demo.wanted)
    return demo


def texts_of(view: Json) -> Iterator[Json]:
    """Yield the queries of all panels, those in closed rows and hidden ones too."""
    for panel in [one for outer in view["panels"] for one in (outer, *objects(outer.get("panels")))]:
        for target in objects(panel.get("targets")):
            told = target["x-helio"]
            if told["language"] is not None:
                yield {
                    "id": f"{panel['id']}/{target['refId']}",
                    "panel": panel["id"],
                    "language": told["language"],
                    "bucket": told["bucket"],
                    "text": target["query"],
                    "format": target.get("resultFormat") or "time_series",
                    "time_from": panel.get("timeFrom"),
                }


def view_range(view: Json, now_ms: int) -> Range:
    """Return the range of a dashboard, widened to what single panels ask for, with 240 intervals in it."""
    spans = [_span_ms(view["time"]["from"])]
    spans += [_span_ms(f"now-{one['time_from']}") for one in texts_of(view) if one["time_from"]]
    start_ms = now_ms - max(spans)
    interval_ms = max(10_000, (now_ms - start_ms) // POINTS)
    return Range(start_ms, now_ms, interval_ms, spans[0])


def _span_ms(words: str) -> int:
    found = _AGO.fullmatch(words.strip())
    if found is None:
        return 21_600_000
    if found[3]:
        return _SECONDS[found[3]] * 1_000
    return min(int(found[1][:6]) * _SECONDS[found[2]], 90 * 86_400) * 1_000


def _wanted(text: str, language: str, bucket: str, usual: Mapping[str, str]) -> list[Wanted]:
    if language == "flux":
        return of_flux(text, bucket, usual)
    if language != "influxql":
        raise QueryError(f"points are made for InfluxQL and Flux, not for {language}")
    selects = [one for one in parse(text) if isinstance(one, tree.Select)]
    return [wanted for select in selects for wanted in of_select(select, bucket, usual)]


def _series(wanted: Wanted) -> Iterator[dict[str, str]]:
    free = sorted(wanted.grouped - wanted.tags.keys() - {"*"})
    for number in range(_SERIES_MOST if free else 1):
        values = {name: wanted.free(name) if number == 0 else f"{name}{number + 1}" for name in free}
        yield values | wanted.tags


def _points(
    wanted: Wanted, tags: dict[str, str], kinds: dict[tuple[str, str], str], range_: Range, number: int
) -> Iterator[str]:
    head = wanted.measurement.translate(_ESCAPED).replace(r"\=", "=")
    head += "".join(f",{k.translate(_ESCAPED)}={v.translate(_ESCAPED)}" for k, v in sorted(tags.items()) if v)
    names = sorted((wanted.fields | wanted.fixed.keys()) - tags.keys() - {"*"})
    types = {name: kinds.get((wanted.measurement, name), "") for name in names}
    step_ms = (range_.end_ms - range_.start_ms) / POINTS
    # each query has moments of its own, so that what one fixes does not hide what another needs
    offset_ns = number * _STEP_NS % 10**9
    if wanted.fixed and step_ms > _LONG_STEP_MS:
        offset_ns += (1 + number % 15) * 90 * 10**9
    own_ms = min(range_.own_ms or range_.end_ms, range_.end_ms - range_.start_ms)
    ago_ms = [*_NEWEST_MS, *(own_ms * place // OWN_POINTS for place in range(1, OWN_POINTS))]
    newest = sorted(POINTS - 0.5 - ago / step_ms for ago in ago_ms)
    early = [place for place in range(POINTS) if place < newest[0]]
    for place in [*early, *newest]:
        time_ns = int(range_.start_ms + step_ms * (place + 0.5)) * 1_000_000 + offset_ns
        values = [_value(wanted, name, types[name], place, head) for name in names]
        shown = [f"{name.translate(_ESCAPED)}={value}" for name, value in zip(names, values, strict=True)]
        if shown:
            yield f"{head} {','.join(shown)} {time_ns}"


def _value(wanted: Wanted, name: str, kind: str, place: float, series: str) -> str:
    fixed = wanted.fixed.get(name)
    if kind in ("text", "string"):
        shown = str(fixed if fixed is not None else "demo").replace("\\", "/").replace('"', "'")
        return f'"{shown}"'
    if kind in ("truth", "boolean"):
        return "true" if fixed in (None, True) else "false"
    seed = zlib.crc32(f"{series} {name}".encode())
    if fixed is not None:
        number = float(fixed) if not isinstance(fixed, str) else 1.0
    elif kind.startswith("rising"):
        number = round(1_000.0 + (50 + seed % 50) * (place + math.sin(place / 9) / 2), 3)
    else:
        number = round(50 + (20 + seed % 20) * math.sin(place / 25 + seed % 7), 3)
    if kind.endswith("integer"):
        return f"{round(number)}i"
    return f"{abs(round(number))}u" if kind == "unsigned" else repr(number)
