"""Telegraf's outputs get the answers after which they do the right thing with a batch."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compatibility import covers
from tests.real.hub_process import HubProcess
from tests.real.telegraf_outputs import OutputV1, OutputV2

T = 1_790_000_000_000_000_000


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """One hub that takes bodies of 64 KiB; each test writes measurements of its own."""
    folder = tmp_path_factory.mktemp("telegraf")
    with HubProcess(folder / "hub", "--no-agent", "--set", "limits.body_bytes=64KiB") as running:
        yield running


@pytest.fixture
def v1(hub: HubProcess) -> OutputV1:
    return OutputV1(hub.http_url, "telegraf", hub.token)


@pytest.fixture
def v2(hub: HubProcess) -> OutputV2:
    return OutputV2(hub.http_url, hub.token)


def lines(measurement: str, count: int) -> list[str]:
    return [f"{measurement},host=pi v={n}i {T + n * 10**9}" for n in range(count)]


def points(hub: HubProcess, measurement: str) -> int:
    ((count,),) = hub.sql(f"SELECT count(*) FROM {measurement}")
    return int(count)


@covers("Telegraf", "both outputs, bodies compressed by gzip")
def test_a_batch_is_written(hub: HubProcess, v1: OutputV1, v2: OutputV2) -> None:
    assert v1.write(lines("plain1", 100)).written == lines("plain1", 100)
    assert v2.write(lines("plain2", 100)).written == lines("plain2", 100)
    assert (points(hub, "plain1"), points(hub, "plain2")) == (100, 100)


@covers("Telegraf", "points that come in parts are one point")
def test_telegrafs_system_comes_in_three_parts_and_is_one_point(hub: HubProcess, v2: OutputV2) -> None:
    parts = ["load1=0.5,n_cpus=4i", "uptime=77i", 'uptime_format="0:01"']
    assert not v2.write([f"system,host=pi {part} {T}" for part in parts]).said
    assert hub.sql("SELECT load1, n_cpus, uptime, uptime_format FROM system") == [[0.5, 4, 77, "0:01"]]


@covers("Telegraf", "413: `influxdb_v2` sends halves")
def test_a_batch_that_is_too_large_comes_in_halves(hub: HubProcess, v2: OutputV2) -> None:
    batch = lines("halves", 5_000)
    assert len("\n".join(batch)) > 3 * 64 * 1024
    outcome = v2.write(batch)
    assert (outcome.written, outcome.dropped, outcome.kept) == (batch, [], [])
    assert all("send smaller batches" in said for said in outcome.said)
    assert points(hub, "halves") == 5_000


@covers("Telegraf", "400, 422: what is wrong is dropped, nothing else")
def test_a_bad_line_is_not_sent_for_ever_and_takes_no_other_with_it(
    hub: HubProcess, v1: OutputV1, v2: OutputV2
) -> None:
    for name, output in (("bad1", v1), ("bad2", v2)):
        batch = [*lines(name, 3), f"{name} oops", *lines(name, 5)[3:]]
        outcome = output.write(batch)
        assert (outcome.written, outcome.kept, outcome.dropped) == ([], [], batch)
        assert "partial write" in outcome.said[0]
        assert points(hub, name) == 5


@covers("Telegraf", "400, 422: what is wrong is dropped, nothing else")
def test_neither_is_a_line_with_another_type(hub: HubProcess, v1: OutputV1, v2: OutputV2) -> None:
    for name, output in (("type1", v1), ("type2", v2)):
        assert not output.write(lines(name, 1)).said
        outcome = output.write([f'{name},host=pi v="text" {T}', *lines(name, 4)])
        assert (len(outcome.dropped), outcome.kept) == (5, [])
        assert "field type conflict" in outcome.said[0]
        assert points(hub, name) == 4


@covers("Telegraf", "400, 422: what is wrong is dropped, nothing else")
def test_neither_are_points_that_are_too_old(hub: HubProcess) -> None:
    hub.request("POST", "/api/buckets", {"name": "short", "keep_seconds": 3_600})
    for output in (
        OutputV1(hub.http_url, "t", hub.token, "short"),
        OutputV2(hub.http_url, hub.token, "short"),
    ):
        outcome = output.write(["old v=1 1000000000"])
        assert (len(outcome.dropped), outcome.kept) == (1, [])
        assert "points beyond retention policy" in outcome.said[0]


@covers("Telegraf", "CREATE DATABASE at the start, and when there is none")
def test_a_missing_database_is_asked_for(hub: HubProcess) -> None:
    output = OutputV1(hub.http_url, "t", hub.token, "nope")
    outcome = output.write(lines("m", 1))
    assert (outcome.asked_for_database, len(outcome.kept)) == (True, 1)
    assert output.write(outcome.kept).written == outcome.kept
    assert output.create_database() is None, "it asks at each start"


@covers("Telegraf", "`retention_policy`")
def test_a_retention_policy_is_a_bucket(hub: HubProcess) -> None:
    assert hub.request("POST", "/api/buckets", {"name": "telegraf/week"})[0] == 201
    output = OutputV1(hub.http_url, "t", hub.token, "telegraf", "week")
    assert not output.write(lines("policy", 2)).said
    asked = {"sql": "SELECT count(*) FROM policy", "bucket": "telegraf/week"}
    assert hub.json("POST", "/api/sql", asked)["rows"] == [[2]]
    assert not OutputV1(hub.http_url, "t", hub.token, "telegraf", "autogen").write(lines("policy", 3)).said
    assert points(hub, "policy") == 3
    outcome = OutputV1(hub.http_url, "t", hub.token, "telegraf", "nope").write(lines("policy", 3))
    assert (len(outcome.dropped), outcome.said) == (3, ["retention policy not found: nope"])
    assert hub.request("DELETE", "/api/buckets/telegraf%2Fweek")[0] == 200


@covers("Telegraf", "401, 403: kept and sent again")
def test_a_wrong_token_loses_nothing(hub: HubProcess) -> None:
    outcome = OutputV2(hub.http_url, "wrong").write(lines("m", 1))
    assert (len(outcome.kept), outcome.dropped) == (1, [])


@covers("Telegraf", "401, 403: kept and sent again")
def test_a_token_for_another_bucket_loses_nothing(hub: HubProcess) -> None:
    permission = {"action": "read", "resource": {"type": "buckets"}}
    status, _, body = hub.request("POST", "/api/v2/authorizations", {"permissions": [permission]})
    assert status == 201
    token = body.decode().partition('"token":"')[2].partition('"')[0]
    outcome = OutputV2(hub.http_url, token).write(lines("m", 1))
    assert (len(outcome.kept), outcome.dropped) == (1, [])
    assert "may not write" in outcome.said[0]


@covers("Telegraf", "503 with `Retry-After`: kept, sent again, stored once")
def test_what_cannot_be_kept_now_is_sent_again_and_stored_once(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "hub", "--no-agent") as hub:
        outputs: dict[str, OutputV1 | OutputV2] = {
            "stall1": OutputV1(hub.http_url, "t", hub.token),
            "stall2": OutputV2(hub.http_url, hub.token),
        }
        broker = hub.facts["nats_pid"]
        os.kill(broker, signal.SIGSTOP)
        try:
            stalled = {name: output.write(lines(name, 10)) for name, output in outputs.items()}
        finally:
            os.kill(broker, signal.SIGCONT)
        for outcome in stalled.values():
            assert (len(outcome.kept), outcome.dropped) == (10, [])
        assert stalled["stall2"].wait > 0, "the answer says when to come back"
        time.sleep(stalled["stall2"].wait)
        for name, output in outputs.items():
            assert not output.write(stalled[name].kept).said
            assert points(hub, name) == 10


@covers("Telegraf", "a hub that is away: kept and sent again")
def test_a_hub_that_is_away_is_waited_for(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "hub", "--no-agent") as hub:
        outputs: list[OutputV1 | OutputV2] = [
            OutputV1(hub.http_url, "t", hub.token),
            OutputV2(hub.http_url, hub.token),
        ]
        hub.kill()
        assert [len(output.write(lines("away", 10)).kept) for output in outputs] == [10, 10]
        hub.start()
        assert [len(output.write(lines("away", 10)).written) for output in outputs] == [10, 10]
        assert points(hub, "away") == 10
