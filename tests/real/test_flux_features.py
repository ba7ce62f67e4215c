"""Each part of Flux by name: the hub's values are those of its InfluxQL, which is a real influxd's."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from tests.compatibility import covers, refuses
from tests.flux_features import FEATURES
from tests.influxql_features import points
from tests.real.hub_process import HubProcess


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("flux") / "hub", "--no-agent") as running:
        running.request("POST", f"/query?{urlencode({'q': 'CREATE DATABASE features'})}")
        assert running.request("POST", "/write?db=features", points().encode())[0] == 204
        yield running


def by_flux(hub: HubProcess, text: str) -> list[float]:
    """Return all values of an answer, sorted."""
    status, _, body = hub.request("POST", "/api/v2/query", {"query": text})
    assert status == 200, (text, body)
    found: list[float] = []
    for table in body.decode().split("\r\n\r\n"):
        rows = [row for row in csv.reader(table.splitlines()) if row and not row[0].startswith("#")]
        found += [float(row[rows[0].index("_value")]) for row in rows[1:]]
    return sorted(found)


def by_influxql(hub: HubProcess, text: str) -> list[float]:
    path = f"/query?{urlencode({'db': 'features', 'epoch': 'ns', 'q': text})}"
    (result,) = json.loads(hub.request("POST", path)[2])["results"]
    return sorted(float(row[1]) for series in result["series"] for row in series["values"])


@pytest.mark.parametrize(
    "pairs",
    [pytest.param(pairs, marks=covers("Flux", name), id=name) for name, pairs in FEATURES.items()],
)
def test_it_has_the_values_of_influxql(hub: HubProcess, pairs: tuple[tuple[str, str], ...]) -> None:
    for flux, influxql in pairs:
        found = by_flux(hub, flux)
        assert found
        assert found == pytest.approx(by_influxql(hub, influxql)), flux


@refuses(
    "Flux",
    "packages that reach other servers: `sql`, `http`, `csv` and `to()`",
    why="a question reads the hub's buckets and nothing else",
    instead="a program that asks the hub, or InfluxQL's INTO",
)
@pytest.mark.parametrize("package", ["sql", "http", "csv", "kafka", "influxdata/influxdb/tasks"])
def test_packages_that_reach_elsewhere_are_refused(hub: HubProcess, package: str) -> None:
    status, _, body = hub.request("POST", "/api/v2/query", {"query": f'import "{package}"\n1'})
    assert (status, f'package \\"{package}\\" is not supported' in body.decode()) == (400, True), body


@refuses(
    "HTTP, InfluxDB 2.x",
    "tasks, checks, dashboards and scrapers",
    why="the hub has its own rules, page and agent for these",
    instead="continuous queries of InfluxQL; charts on the page or in Grafana",
)
@pytest.mark.parametrize("path", ["tasks", "checks", "dashboards", "scrapers", "variables"])
def test_routes_that_are_not_there_say_so(hub: HubProcess, path: str) -> None:
    status, _, body = hub.request("GET", f"/api/v2/{path}")
    assert (status, json.loads(body)["code"]) == (404, "not found")


@refuses(
    "Grafana, SQL",
    "Flight SQL",
    why="it needs gRPC, which the hub does not speak",
    instead="the data source with InfluxQL or Flux; SQL over HTTP at `/api/v3/query_sql`",
)
def test_there_is_no_flight(hub: HubProcess) -> None:
    path = "/arrow.flight.protocol.FlightService/Handshake"
    status, headers, _ = hub.request("POST", path, b"", headers={"Content-Type": "application/grpc"})
    assert (status, "grpc-status" in headers) == (404, False)
