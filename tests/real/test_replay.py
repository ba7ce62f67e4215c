"""Reading the stream back gives what was there before, byte for byte of the answers."""

from __future__ import annotations

import json
import subprocess
import time
from typing import Any

from tests.real.hub_process import HubProcess

T = 1_790_000_000_000_000_000
HANG = 120.0
SPAN = {"start_ms": T // 10**6 - 60_000, "end_ms": T // 10**6 + 60_000, "interval_ms": 1_000}
SQL = [
    "SELECT * FROM m ORDER BY time, host, room",
    "SELECT * FROM other ORDER BY time",
    "SELECT host, count(*), sum(f), min(i), max(u), bool_or(b), max(s) FROM m GROUP BY host ORDER BY host",
]


def write_all_kinds(hub: HubProcess) -> None:
    """Points of all types, out of order, written over, field by field, refused in part, without times.

    Floats are quarters: their sums are the same in any order.
    """
    for round_ in range(6):
        lines = [
            f'm,host=h{n % 3},room=r{n % 2} f={n * 0.25},i={n - 50}i,u={n}u,b={n % 2 == 0},s="text {n} ü" '
            f"{T + (n * 7919 % 100) * 10**7}"
            for n in range(round_ * 10, round_ * 10 + 40)
        ]
        assert hub.write("\n".join(lines)) == 204
        assert hub.write(f"m,host=h1,room=r1 f={round_}.5 {T}") == 204
        assert hub.write(f"m,host=h1 i=1.5 {T + round_}\nm,host=h1 i={round_}i {T + round_}") == 422
        assert hub.write(f"other v={round_}") == 204
        late = f"m,host=h2 late={round_} {T - round_ * 10**9}\nm,host=h2 i=oops {T}\nother w={round_}"
        command = ["mosquitto_pub", "-p", str(hub.mqtt_port), "-q", "1", "-t", "tel/pi/lp", "-s"]
        subprocess.run(command, input=late.encode(), check=True, timeout=HANG)


def answers(hub: HubProcess) -> list[bytes]:
    """Return the answers to many questions as they come."""
    deadline = time.monotonic() + HANG
    while any(s["applied_seq"] < s["last_seq"] or s["age_s"] for s in hub.status()["streams"]):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    queries = [
        {"id": f"{fn} {field}", "measurement": "m", "fields": [field], "fn": fn, "group_by": ["host", "room"]}
        for fn in ("first", "last", "count", "mean", "max")
        for field in ("f", "i", "late", "u")
    ]
    asked: list[tuple[str, str, dict[str, Any]]] = [("POST", "/api/query", {**SPAN, "queries": queries})]
    asked += [("POST", "/api/sql", {"sql": sql}) for sql in SQL]
    found = [hub.request(*question) for question in asked]
    found += [hub.request("GET", path) for path in ("/api/schema", "/api/devices")]
    assert {status for status, _, _ in found} == {200}, found
    return [body for _, _, body in found]


def test_replayed_points_answer_as_the_live_ones_did(hub: HubProcess) -> None:
    write_all_kinds(hub)
    live = answers(hub)
    assert len(json.loads(live[1])["rows"]) > 90
    hub.kill()
    hub.start()
    assert answers(hub) == live, "all was read back from the streams"
    hub.stop()
    hub.start()
    assert answers(hub) == live, "and now from segments"
