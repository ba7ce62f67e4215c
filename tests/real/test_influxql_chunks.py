"""Answers in chunks: line for line those of influxd, and never more in memory than an answer may hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.compatibility import covers
from tests.real.hub_process import HubProcess
from tests.real.test_influxd_oracle import INFLUXD, Influxd, influxd

__all__ = ["influxd"]

POINTS = "\n".join(f"{m},h={h} v={i},w={i}i {i}000000000" for m in ("m", "n") for h in "ab" for i in range(5))
QUESTIONS = [
    ("SELECT v FROM m", "2"),
    ("SELECT v, w FROM m WHERE h = 'a'", "3"),
    ("SELECT v FROM m WHERE h = 'a' GROUP BY h", "5"),
    ("SELECT v FROM m WHERE h = 'a' GROUP BY h", "4"),
    ("SELECT v FROM m WHERE h = 'a' GROUP BY h", "1"),
    ("SELECT v FROM m GROUP BY h", "2"),
    ("SELECT v FROM m GROUP BY h", "100"),
    ("SELECT v FROM m, n GROUP BY h", "3"),
    ("SELECT mean(v) FROM m WHERE time >= 0s AND time < 5s GROUP BY time(1s), h", "2"),
    ("SELECT v FROM m WHERE h = 'a'", "0"),
    ("SELECT v FROM m WHERE h = 'a'", "-3"),
    ("SELECT v FROM m WHERE h = 'a'", "x"),
    ("SELECT v FROM m WHERE h = 'a' LIMIT 1; SELECT v FROM nothing; SELECT last(v) FROM n GROUP BY h", "1"),
    ("SELECT last(v) FROM m; SELECT nofunc(v) FROM m", "1"),
    ("SHOW DATABASES", "1"),
    ("SHOW MEASUREMENTS", "1"),
    ("SHOW RETENTION POLICIES", "1"),
    ("SHOW SERIES", "3"),
    ("SHOW TAG KEYS", "1"),
    ("SHOW TAG VALUES WITH KEY = h", "1"),
    ("SHOW FIELD KEYS", "1"),
    ("SHOW TAG VALUES WITH KEY = nothing", "1"),
    ("CREATE DATABASE d2; DROP DATABASE d2", "1"),
]


def lines(body: bytes) -> list[Any]:
    return [json.loads(line) for line in body.splitlines()]


@covers("HTTP, InfluxDB 1.x", "`chunked` and `chunk_size`")
@pytest.mark.skipif(INFLUXD is None, reason="influxdb is not installed (make test installs it)")
def test_chunks_are_influxds(influxd: Influxd, hub: HubProcess) -> None:
    for path in (f"/query?{urlencode({'q': 'DROP DATABASE telegraf; CREATE DATABASE d'})}",):
        influxd.ask("POST", path)
        hub.request("POST", path)
    assert influxd.ask("POST", "/write?db=d", POINTS.encode())[0] == 204
    assert hub.request("POST", "/write?db=d", POINTS.encode())[0] == 204
    for text, size in QUESTIONS:
        for more in ({}, {"epoch": "s"}):
            asked = {"db": "d", "q": text, "chunked": "true", "chunk_size": size} | more
            path = f"/query?{urlencode(asked)}"
            assert lines(hub.request("POST", path)[2]) == lines(influxd.ask("POST", path)[1]), (text, size)


def test_a_chunked_answer_is_bounded_like_any_other(tmp_path: Path) -> None:
    points = "\n".join(f"m v={i} {i}" for i in range(2_001)).encode()
    with HubProcess(tmp_path / "hub", "--no-agent", "--set", "limits.query_rows=2000") as hub:
        assert hub.request("POST", "/write?db=telegraf", points)[0] == 204
        for limit, fits in ((2_000, True), (2_001, False)):
            asked = {"db": "telegraf", "q": f"SELECT v FROM m LIMIT {limit}", "chunked": "true"}
            found = lines(hub.request("GET", f"/query?{urlencode(asked | {'chunk_size': '600'})}")[2])
            assert len(found) == (4 if fits else 1)
            assert ("limits.query_rows" in json.dumps(found)) != fits
