"""InfluxQL is answered as InfluxDB does: the same random questions go to a real influxd and to the hub.

``HELIO_INFLUXQL_QUESTIONS`` sets how many (300), ``HELIO_INFLUXQL_SEED`` which ones; the seed is printed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import pytest

from tests.compatibility import covers
from tests.influxql_random import Questions, points
from tests.real.hub_process import HubProcess
from tests.real.test_influxd_oracle import INFLUXD, Influxd

QUESTIONS = int(os.environ.get("HELIO_INFLUXQL_QUESTIONS", "300"))
SEED = int(os.environ.get("HELIO_INFLUXQL_SEED", "1"))
PER_SERVER = 1_000
"""So many questions are asked about one set of points."""

pytestmark = [
    pytest.mark.timeout(400 + QUESTIONS),
    pytest.mark.skipif(INFLUXD is None, reason="influxdb is not installed (make test installs it)"),
]


def same(theirs: Any, ours: Any) -> bool:
    """Compare answers: whole numbers and texts exactly, others to nine digits."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return list(theirs) == list(ours) and all(same(theirs[key], ours[key]) for key in theirs)
    if isinstance(theirs, list) and isinstance(ours, list):
        return len(theirs) == len(ours) and all(map(same, theirs, ours))
    if isinstance(theirs, float) and type(ours) in (int, float):
        return close(theirs, ours)
    if isinstance(ours, float) and type(theirs) is int:
        return close(theirs, ours)
    return type(theirs) is type(ours) and bool(theirs == ours)


def close(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-9 * max(abs(one), abs(other))


def ask_influxd(server: Influxd, text: str) -> Any:
    """Return the answer, None if influxd has none: a number that JSON cannot say."""
    _, body = server.ask("POST", f"/query?db=random&epoch=ns&q={quote(text)}")
    try:
        return json.loads(body)
    except ValueError:
        return None


def ask_hub(hub: HubProcess, text: str) -> Any:
    return json.loads(hub.request("POST", f"/query?db=random&epoch=ns&q={quote(text)}")[2])


def ask_hub_often(hub: HubProcess, text: str) -> Any:
    """Return the answer of the third time: by then it may be given at once, or be one that was kept."""
    ask_hub(hub, text)
    path = f"/query?db=random&epoch=ns&q={quote(text)}"
    return [json.loads(hub.request("GET", path)[2]) for _ in range(2)][-1]


def differences(server: Influxd, hub: HubProcess, seed: int, count: int) -> list[tuple[str, Any, Any]]:
    """Ask both the same and return what they answered differently."""
    random = Random(seed)
    lines = points(random).encode()
    for text in ("DROP DATABASE random", "CREATE DATABASE random"):
        ask_influxd(server, text)
        ask_hub(hub, text)
    assert server.ask("POST", "/write?db=random", lines)[0] == 204
    assert hub.request("POST", "/write?db=random", lines)[0] == 204
    questions = Questions(random)
    found = []
    for _ in range(count):
        text = questions.question()
        theirs = ask_influxd(server, text)
        if theirs is not None and not same(theirs, ours := ask_hub_often(hub, text)):
            found.append((text, theirs, ours))
    return found


@covers("InfluxQL", "random questions of all clauses, compared with influxd's answers")
def test_random_questions_have_the_same_answers(hub: HubProcess, tmp_path: Path) -> None:
    print(f"\nHELIO_INFLUXQL_SEED={SEED}")  # noqa: T201
    folder = tmp_path / "influxd"
    folder.mkdir()
    server = Influxd(folder)
    try:
        server.wait_ready()
        found = []
        for part in range(0, QUESTIONS, PER_SERVER):
            found += differences(server, hub, SEED + part, min(PER_SERVER, QUESTIONS - part))
    finally:
        server.stop()
    shown = "\n".join(f"{text}\n  influxd {theirs}\n  hub     {ours}" for text, theirs, ours in found[:5])
    assert not found, f"{len(found)} of {QUESTIONS} answers differ, seed {SEED}:\n{shown[:5_000]}"
