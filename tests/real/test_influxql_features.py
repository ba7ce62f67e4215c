"""Each part of InfluxQL by name: the hub's answers are those of a real influxd."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.compatibility import covers, refuses
from tests.influxql_features import FEATURES, points
from tests.real.both_servers import Pair, hub_and_influxd
from tests.real.test_influxd_oracle import INFLUXD
from tests.real.test_influxql_oracle import same

pytestmark = pytest.mark.skipif(INFLUXD is None, reason="influxdb is not installed (make test installs it)")


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with hub_and_influxd(tmp_path_factory.mktemp("features")) as pair:
        pair.fill("features", points())
        yield pair


@pytest.mark.parametrize(
    "questions",
    [
        pytest.param(questions, marks=covers("InfluxQL", name), id=name)
        for name, questions in FEATURES.items()
    ],
)
def test_it_is_answered_as_by_influxd(servers: Pair, questions: tuple[str, ...]) -> None:
    for text in questions:
        answers = [server.query(text, db="features", epoch="ns") for server in servers]
        ours, theirs = answers
        assert ours.status == theirs.status, text
        assert same(theirs.json, ours.json), (text, theirs.json, ours.json)


@covers("InfluxQL", "parameters, `$name` with `params`")
def test_parameters(servers: Pair) -> None:
    for text, params in (
        ("SELECT f FROM cpu WHERE host = $h AND f > $least", {"h": "a", "least": 20.5}),
        ("SELECT f FROM cpu WHERE time >= $from AND b = $b", {"from": "2026-09-21T14:20:00Z", "b": True}),
        ("SELECT f FROM cpu WHERE host = $missing", {}),
    ):
        ours, theirs = (s.query(text, db="features", params=json.dumps(params)) for s in servers)
        assert (ours.status, ours.json) == (theirs.status, theirs.json)


@refuses(
    "InfluxQL",
    "CREATE, DROP SUBSCRIPTION",
    why="points are passed on by the broker here",
    instead="subscribe to `tel/#` over MQTT",
)
def test_subscriptions_are_refused(servers: Pair) -> None:
    for text in (
        "CREATE SUBSCRIPTION s ON features.autogen DESTINATIONS ALL 'udp://127.0.0.1:9'",
        "DROP SUBSCRIPTION s ON features.autogen",
    ):
        (result,) = servers.hub.query(text).json["results"]
        assert "tel/# over MQTT" in result["error"]


@refuses("InfluxQL", "DROP SHARD", why="a hub has no shards", instead="DELETE with a range of time")
def test_shards_are_not_dropped(servers: Pair) -> None:
    (result,) = servers.hub.query("DROP SHARD 1").json["results"]
    assert "error" in result
