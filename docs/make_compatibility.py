"""Writes docs/compatibility.md from the marks of the tests: ``python docs/make_compatibility.py``.

A row stands there because a test holds it, so the page cannot tell what no test shows.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = Path(__file__).with_name("compatibility.md")
BEGIN: Final = "<!-- from the tests, by docs/make_compatibility.py -->\n"
END: Final = "<!-- end -->\n"
AREAS: Final[dict[str, str]] = {
    "HTTP, InfluxDB 1.x": "Routes and parameters: [http.md](http.md#influxql).",
    "InfluxQL": "[influxql.md](influxql.md) tells where an answer differs from InfluxDB 1.6.7, and why.",
    "HTTP, InfluxDB 2.x": "All routes: [http.md](http.md#influxdb-2x).",
    "Flux": "Every function by name: [flux.md](flux.md).",
    "HTTP and SQL, InfluxDB 3": "Parameters and formats: [http.md](http.md#influxdb-3).",
    "influx shell": "The shell of InfluxDB 1.x, as Debian's package `influxdb-client` has it.",
    "influxdb 5 (Python)": "The package `influxdb`, made for InfluxDB 1.x.",
    "influxdb-client 1.x (Python, InfluxDB 2)": "The package `influxdb-client`.",
    "Telegraf": "The outputs `influxdb` and `influxdb_v2` of version 1.40: what they send, how they react.",
    "Grafana, InfluxQL": "The requests of Grafana's data source InfluxDB with the language InfluxQL.",
    "Grafana, Flux": "The same with the language Flux.",
    "Grafana, SQL": "The same with the language SQL.",
}
"""The parts of the page in their order, each with a sentence."""


@dataclass(frozen=True)
class Row:
    """What a test says of a feature; ``why`` and ``instead`` are empty where there is one."""

    area: str
    feature: str
    test: str
    """The test's file and name."""
    why: str = ""
    instead: str = ""


def rows() -> list[Row]:
    """Return what the tests say, file by file."""
    found: list[Row] = []
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        if "tests.compatibility" in path.read_text(encoding="utf-8"):
            found += _rows_of(path)
    unknown = {row.area for row in found} - AREAS.keys()
    if unknown:
        raise ValueError(f"tests cover the areas {sorted(unknown)}, which are not in AREAS")
    return found


def _rows_of(path: Path) -> Iterator[Row]:
    name = path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
    for function, value in vars(importlib.import_module(name)).items():
        if function.startswith("test_") and callable(value):
            test = f"{path.relative_to(ROOT).as_posix()}::{function}"
            for mark in reversed(getattr(value, "pytestmark", [])):
                yield from _rows_of_mark(mark, test)


def _rows_of_mark(mark: Any, test: str) -> Iterator[Row]:
    if mark.name == "covers":
        area, *features = mark.args
        yield from (Row(area, feature, test) for feature in features)
    elif mark.name == "refuses":
        area, feature = mark.args
        yield Row(area, feature, test, mark.kwargs["why"], mark.kwargs["instead"])
    elif mark.name == "parametrize":
        for case in mark.args[1]:
            for inner in getattr(case, "marks", ()):
                yield from _rows_of_mark(inner, test)


def table(every: list[Row]) -> str:
    """Return the tables of all areas."""
    parts = []
    for area, sentence in AREAS.items():
        mine = [row for row in every if row.area == area]
        if mine:
            parts += [
                f"## {area}\n\n{sentence}\n\n| feature | | tests |\n|---|---|---|\n",
                *_lines(mine),
                "\n",
            ]
    return "".join(parts)


def _lines(mine: list[Row]) -> Iterator[str]:
    by_feature: dict[str, list[Row]] = {}
    for row in mine:
        by_feature.setdefault(row.feature, []).append(row)
    for feature, some in sorted(by_feature.items(), key=lambda item: bool(item[1][0].why)):
        told = f"**no**: {some[0].why}; instead: {some[0].instead}" if some[0].why else "yes"
        tests = ", ".join(dict.fromkeys(_link(row.test) for row in some))
        yield f"| {feature.replace('|', chr(92) + '|')} | {told} | {tests} |\n"


def _link(test: str) -> str:
    file, _, function = test.partition("::")
    return f"[{function.removeprefix('test_').replace('_', ' ')}](../{file})"


def renewed(page: str) -> str:
    """Return the text of the page with the tables as they must be."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + table(rows()) + END + after


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
