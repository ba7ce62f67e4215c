"""Random pipelines of Flux equal their counterparts in InfluxQL, asked by the unmodified client.

``HELIO_FLUX_PAIRS`` sets how many (150), ``HELIO_FLUX_SEED`` which ones; the seed is printed.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, Final
from urllib.parse import quote

import pytest
from influxdb_client import InfluxDBClient

from tests.flux_random import Pair, Pairs, points
from tests.real.hub_process import HubProcess

SEED: Final = int(os.environ.get("HELIO_FLUX_SEED", "20261123"))
PAIRS: Final = int(os.environ.get("HELIO_FLUX_PAIRS", "150"))
PIECES: Final = (*"rm_:,.|>=()[]{}\"'/\\$ 0", "1mo", "${", "inf", "not ", "\0", "µ", "")
Rows = dict[tuple[str, ...], list[tuple[int, Any]]]
"""By tags the times, in ms, and values."""


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubProcess]:
    with HubProcess(tmp_path / "hub", "--no-agent") as running:
        assert running.request("POST", "/query?q=CREATE+DATABASE+lab", b"")[0] == 200
        body = points(Random(SEED)).encode()
        assert running.request("POST", "/api/v2/write?bucket=lab&precision=s", body)[0] == 204
        yield running


def of_flux(client: InfluxDBClient, pair: Pair) -> Rows:
    found: Rows = {}
    for table in client.query_api().query(pair.flux):
        for record in table.records:
            value = record.values.get("_value")
            if value is not None and not (isinstance(value, float) and math.isnan(value)):  # stddev of one
                tags = tuple(record.values.get(tag) or "" for tag in pair.tags)
                at = round(record["_time"].timestamp() * 1_000) if pair.timed else 0
                found.setdefault(tags, []).append((at, value))
    return found


def of_influxql(hub: HubProcess, pair: Pair) -> Rows:
    status, _, body = hub.request("GET", f"/query?db=lab&epoch=ms&q={quote(pair.influxql)}")
    (result,) = json.loads(body)["results"]
    assert (status, result.get("error")) == (200, None), pair.influxql
    found: Rows = {}
    for series in result.get("series", ()):
        tags = tuple(series.get("tags", {}).get(tag, "") for tag in pair.tags)
        for at, *values in series["values"]:
            if values[0] is not None:
                place = max(at, pair.start_s * 1_000) if pair.timed else 0
                found.setdefault(tags, []).append((place, values[0]))
    return found


def assert_same(pair: Pair, found: Rows, wanted: Rows) -> None:
    asked = f"{pair.flux}\n{pair.influxql}"
    assert found.keys() == wanted.keys(), asked
    for tags, expected in wanted.items():
        rows, others = found[tags], expected
        if not pair.ordered:
            rows, others = sorted(rows), sorted(others)
        assert [at for at, _ in rows] == [at for at, _ in others], asked
        for (_, value), (_, other) in zip(rows, others, strict=True):
            near = isinstance(value, float) or isinstance(other, float)
            assert value == (pytest.approx(other, rel=1e-9, abs=1e-9) if near else other), asked


@pytest.mark.timeout(400 + PAIRS // 2)
def test_random_pipelines_equal_influxql(hub: HubProcess) -> None:
    print(f"\nHELIO_FLUX_SEED={SEED}")  # noqa: T201
    pairs = Pairs(Random(SEED))
    filled = 0
    with InfluxDBClient(hub.http_url, token=hub.token, org="heliograph", timeout=60_000) as client:
        for _ in range(PAIRS):
            pair = pairs.pair()
            wanted = of_influxql(hub, pair)
            assert_same(pair, of_flux(client, pair), wanted)
            filled += bool(wanted)
    assert filled > PAIRS // 2


@pytest.mark.timeout(400 + PAIRS // 2)
def test_broken_texts_are_answered_or_refused(hub: HubProcess) -> None:
    random = Random(SEED)
    pairs = Pairs(random)
    refused = 0
    for _ in range(PAIRS):
        text = pairs.pair().flux
        for _ in range(random.randrange(1, 4)):
            at, cut = random.randrange(len(text)), random.randrange(6)
            text = f"{text[:at]}{random.choice(PIECES)}{text[at + cut :]}"
        asked = json.dumps({"query": text, "type": "flux"}).encode()
        status, headers, body = hub.request("POST", "/api/v2/query", asked)
        assert status in (200, 400, 404), (text, body)
        if status != 200:
            refused += 1
            answer = json.loads(body)
            assert answer["code"] == headers["x-platform-error-code"]
            assert re.search(r"@\d+:\d+|not found|needs over|no streaming data", answer["message"]), text
    assert refused > PAIRS // 2
