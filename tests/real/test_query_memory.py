"""A hub with little memory for queries: large ones wait for each other, and one that is too large is told."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.real.hub_process import HubProcess

START = 1_700_000_000
POINTS = 30_000
HOSTS = 4
LARGE = 'SELECT derivative("a") FROM "load" WHERE "host" = \'h{0}\' GROUP BY "host" LIMIT 3'
TOO_LARGE = 'SELECT difference("a") FROM "load" LIMIT 3'


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    settings = ("--set", "limits.query_memory=16MiB", "--set", "limits.query_rows=1000")
    with HubProcess(tmp_path_factory.mktemp("memory") / "hub", "--no-agent", *settings) as hub:
        for host in range(HOSTS):
            lines = [f"load,host=h{host} a={i % 7}.5,b={i % 5}.5 {START + i}" for i in range(POINTS)]
            assert hub.write("\n".join(lines), precision="s") == 204
        yield hub


def ask(hub: HubProcess, texts: list[str]) -> list[dict[str, Any]]:
    queries = [{"id": str(number), "text": text} for number, text in enumerate(texts)]
    found: list[dict[str, Any]] = hub.json("POST", "/api/panels/query", {"queries": queries})["results"]
    return found


def test_large_queries_of_several_requests_are_all_answered(hub: HubProcess) -> None:
    texts = [LARGE.format(host) for host in range(HOSTS)]
    waited = hub.json("GET", "/api/status")["queries"]["waited"]
    with ThreadPoolExecutor(HOSTS) as pool:
        answers = list(pool.map(lambda _: ask(hub, texts), range(HOSTS)))
    for answer in answers:
        assert [one["frames"][0]["fields"][1]["values"] for one in answer] == [[1.0, 1.0, 1.0]] * HOSTS
    figures = hub.json("GET", "/api/status")["queries"]
    assert figures["waited"] > waited, "each is larger than a small share"
    assert figures["most_bytes"] <= figures["limit_bytes"] == 16 * 2**20
    assert (figures["held_bytes"], figures["waiting"]) == (0, 0)


def test_what_is_too_large_is_told_and_the_others_are_answered(hub: HubProcess) -> None:
    large, small = ask(hub, [TOO_LARGE, 'SELECT count("a") FROM "load"'])
    assert "limits.query_memory" in large["error"]["message"]
    assert small["frames"][0]["fields"][1]["values"] == [HOSTS * POINTS]
    _, _, body = hub.request("GET", f"/query?db=telegraf&q={TOO_LARGE.replace(' ', '%20')}")
    assert "limits.query_memory" in json.loads(body)["results"][0]["error"]


def test_the_command_shows_what_is_held(hub: HubProcess) -> None:
    command = [sys.executable, "-m", "heliograph", "status"]
    told = subprocess.run(
        command, env=hub.environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert "queries  0 B of 16 MiB for values" in told.stdout, Path(hub.home).name
