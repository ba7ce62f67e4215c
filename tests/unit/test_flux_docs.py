"""docs/flux.md names every function and package that there is, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from heliograph.query.flux.functions.advice import nearest, package_advice
from heliograph.query.flux.functions.registry import PACKAGES, UNIVERSE

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "flux.md").read_text(encoding="utf-8")


def table_rows(heading: str) -> list[list[str]]:
    """Return the cells of the rows of a table, by its first heading."""
    lines = PAGE[PAGE.index(f"| {heading} |") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def words(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_function_is_told() -> None:
    told = [name for _, functions in table_rows("for") for name in words(functions)]
    assert sorted(told) == sorted(UNIVERSE)


def test_every_package_is_told() -> None:
    told = {words(path)[0]: sorted(words(functions)) for path, functions in table_rows("package")}
    assert told == {path: sorted(package) for path, package in PACKAGES.items()}


def test_what_is_not_there_is_told_as_the_errors_tell_it() -> None:
    for name in ("to", "holtWinters", "covariance", "pearsonr", "histogramQuantile", "timeWeightedAvg"):
        assert name not in UNIVERSE
        assert f"`{name}()`" in PAGE
        assert nearest(name, UNIVERSE).startswith("it is not supported here; ")
    for path in ("sql", "slack", "influxdata/influxdb/monitor", "http/requests", "csv"):
        assert "supported are" not in package_advice(path, PACKAGES)
