"""``holt_winters()`` ends its search where InfluxDB does: forecasts are equal."""

from __future__ import annotations

import json
import math
from random import Random
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.compatibility import covers
from tests.real.hub_process import HubProcess
from tests.real.test_influxd_oracle import INFLUXD, Influxd, influxd

__all__ = ["influxd"]

pytestmark = pytest.mark.skipif(INFLUXD is None, reason="influxdb is not installed (make test installs it)")

WHERE = "FROM m WHERE time >= 0s AND time < 16s GROUP BY time(1s), k"
QUESTIONS = [
    f"SELECT holt_winters(mean(v), 4, 0) {WHERE}",
    f"SELECT holt_winters_with_fit(mean(v), 4, 0) {WHERE}",
    f"SELECT holt_winters_with_fit(first(v), 2, 1) {WHERE}",
    f"SELECT holt_winters_with_fit(max(v), 3, 2) {WHERE}",
    f"SELECT holt_winters(max(v), 3, 4) {WHERE}",
    f"SELECT holt_winters(sum(n), 3, 0) {WHERE}",
    f"SELECT holt_winters(count(v), 3, 0) {WHERE} fill(none)",
    f"SELECT holt_winters(derivative(mean(v), 1s), 2, 0) {WHERE}",
    f"SELECT holt_winters(mean(v), 2, 0) * 2 AS x, mean(v) {WHERE} LIMIT 3",
    f"SELECT holt_winters(mean(v), 2, 0) {WHERE} ORDER BY time DESC",
    "SELECT holt_winters_with_fit(max(v), 3, 0) FROM m WHERE time >= 0s AND time < 16s GROUP BY time(2s, 1s)",
    "SELECT holt_winters(max(v), 3, 0) FROM m WHERE time >= 0s AND time < 1s GROUP BY time(1s), k",
    f"SELECT holt_winters(max(v), 3, 40) {WHERE}",
    f"SELECT holt_winters(first(s), 2, 0) {WHERE}",
    f"SELECT holt_winters(last(b), 2, 0) {WHERE}",
    f"SELECT holt_winters(count(s), 2, 0) {WHERE} fill(none)",
    f"SELECT holt_winters(first(absent), 2, 0) {WHERE}",
    f"SELECT holt_winters(top(v, 2), 2, 0) {WHERE}",
    f"SELECT holt_winters(percentile(v, 50), 2, 0) {WHERE}",
    f"SELECT mean(x) FROM (SELECT holt_winters(max(v), 2, 0) AS x {WHERE}) WHERE time < 20s",
    f"SELECT holt_winters(max(v), 0, 0) {WHERE}",
    f"SELECT holt_winters(max(v), 3, -1) {WHERE}",
    f"SELECT holt_winters(v, 3, 1) {WHERE}",
    "SELECT holt_winters(max(v), 3, 1) FROM m",
    f"SELECT holt_winters(max(v), 3) {WHERE}",
]


def points() -> str:
    random = Random(5)
    lines = []
    for i in range(16):
        at = i * 10**9
        lines += [
            f'm,k=line v={2 * i + 5},n={3 * i + 2}i,s="x",b=true {at}',
            f"m,k=season v={50 + 20 * math.sin(i * math.pi / 2) + i * 0.5 + random.random()} {at}",
            f"m,k=random v={random.uniform(10, 100)} {at}",
            f"m,k=same v=7 {at}",
            f"m,k=below v={-5 - i * 1.5 + random.random()} {at}",
            f"m,k=nothing v={0 if i % 3 else 4} {at}",
        ]
        if i % 7 not in (3, 4):
            lines.append(f"m,k=gaps v={10 + i + random.random()} {at}")
    return "\n".join(lines)


def close(theirs: Any, ours: Any) -> bool:
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return list(theirs) == list(ours) and all(close(theirs[key], ours[key]) for key in theirs)
    if isinstance(theirs, list) and isinstance(ours, list):
        return len(theirs) == len(ours) and all(map(close, theirs, ours))
    if isinstance(theirs, float | int) and isinstance(ours, float | int):
        return math.isclose(theirs, ours, rel_tol=1e-6)
    return bool(theirs == ours)


@covers("InfluxQL", "holt_winters, holt_winters_with_fit")
def test_forecasts_are_influxds(influxd: Influxd, hub: HubProcess) -> None:
    for method, path, body in (("POST", "/query?q=CREATE+DATABASE+d", ""), ("POST", "/write?db=d", points())):
        influxd.ask(method, path, body.encode())
        hub.request(method, path, body.encode())
    for text in QUESTIONS:
        path = f"/query?{urlencode({'db': 'd', 'q': text, 'epoch': 's'})}"
        theirs, ours = json.loads(influxd.ask("POST", path)[1]), json.loads(hub.request("POST", path)[2])
        assert close(theirs, ours), f"{text}\n  influxd {theirs}\n  hub     {ours}"


def test_what_would_fill_the_memory_is_refused(hub: HubProcess) -> None:
    assert hub.request("POST", "/write?db=telegraf", points().encode())[0] == 204
    assert hub.request("POST", "/write?db=telegraf", b"late v=1 1\nlate v=2 1000000000000000000")[0] == 204
    for text in (
        f"SELECT holt_winters(max(v), 1000000000, 0) {WHERE}",
        "SELECT holt_winters(max(v), 1, 0) FROM late WHERE time > 0 GROUP BY time(1s) fill(none)",
    ):
        path = f"/query?{urlencode({'db': 'telegraf', 'q': text})}"
        (result,) = json.loads(hub.request("POST", path)[2])["results"]
        assert "over 2,000,000 rows" in result["error"], text
