"""What a gateway tells its hub, and what a hub believes of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.api.gateways import read_report
from heliograph.hub.uplink.lane import Lane
from heliograph.hub.uplink.place import Place
from heliograph.hub.uplink.telling import Backlog, Rate, backlog
from heliograph.hub.uplink.thin_rules import FUNCTIONS, as_asked, make_rule
from heliograph.model.time import SECOND_NS
from heliograph.stream.log import Message, StreamState
from tests.unit.test_uplink import Written


class Purged(Written):
    """A stream of which the first messages are gone, of ten bytes each."""

    def __init__(self, first_seq: int, last_seq: int) -> None:
        super().__init__([Message(n, "s", b"", {}, n * SECOND_NS) for n in range(1, last_seq + 1)])
        self.first_seq = first_seq

    async def state(self, name: str) -> StreamState:
        kept = len(self.messages) - self.first_seq + 1
        return StreamState(name, "made", self.first_seq, len(self.messages), 10 * kept, 0)

    async def get(self, _name: str, seq: int) -> Message | None:
        return self.messages[seq - 1] if self.first_seq <= seq <= len(self.messages) else None


@pytest.mark.parametrize(
    ("first_seq", "last_seq", "place", "waits"),
    [
        (1, 0, Place(), Backlog()),
        (1, 8, Place(), Backlog(8, 80, 1_000)),
        (1, 8, Place("made", 3, 5), Backlog(3, 30, 6_000)),
        (5, 8, Place("made", 2, 2), Backlog(4, 40, 5_000)),
        (5, 8, Place("made", 8, 8), Backlog()),
        (9, 8, Place("made", 2, 2), Backlog()),
    ],
    ids=["empty", "nothing sent", "windows open", "purged", "all sent", "all purged"],
)
async def test_what_waits_is_counted_from_where_the_hub_is(
    first_seq: int, last_seq: int, place: Place, waits: Backlog
) -> None:
    stream: Any = Purged(first_seq, last_seq)
    lane = Lane("s", stream, [], lambda _: [], lambda _: None, most_bytes=1_000)  # type: ignore[arg-type, return-value]
    lane.place = place
    assert await backlog(stream, [lane]) == waits


def test_a_rate_is_of_seconds_not_of_moments() -> None:
    now = 100.0
    rate = Rate(lambda: now)
    rate.take(5)
    now += 0.1
    rate.take(1_000)
    assert rate.per_second == 0.0
    now += 9.9
    rate.take(1_005)
    assert rate.per_second == 100.0
    now += 30
    rate.take(1_005)
    assert rate.per_second == 0.0


names = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=8)
ways = st.one_of(
    st.builds(
        lambda seconds, send: {"window": f"{seconds}s", "send": send},
        st.integers(1, 3_600),
        st.lists(st.sampled_from(FUNCTIONS), min_size=1),
    ),
    st.builds(lambda band: {"dead_band": band}, st.floats(0, 1e300)),
    st.builds(
        lambda band, ms: {"dead_band": band, "at_least_every": f"{ms}ms"},
        st.integers(0, 9),
        st.integers(1, 10**6),
    ),
    st.just({"drop": True}),
)


@given(names, st.lists(names, min_size=1), ways)
def test_a_rule_is_told_as_it_may_be_asked_for(
    measurement: str, fields: list[str], way: dict[str, Any]
) -> None:
    rule = make_rule({"measurement": measurement, "fields": fields} | way)
    assert make_rule(as_asked(rule)) == rule


RULES: dict[str, Any] = {"count": 0, "answers_ms": 0, "from": "file"}
REPORT: dict[str, Any] = {"sent": 1, "waiting": 0, "missed": 0, "time_ms": 1, "version": "1", "warnings": []}


def told(report: dict[str, Any]) -> dict[str, Any] | None:
    return read_report(json.dumps(report).encode())


def test_what_is_no_json_is_no_report() -> None:
    for kept in (None, b"", b"{", b"[" * 100_000, b"1e999", b"\xff"):
        assert read_report(kept) is None


def test_a_report_of_an_older_gateway_is_one() -> None:
    assert told(REPORT | {"rules": RULES})
    assert told(REPORT | {"oldest_ms": None, "per_second": 0.5, "rules": RULES | {"holds": [{}]}})


@pytest.mark.parametrize(
    ("more", "rules"),
    [
        ({"per_second": float("nan")}, {}),
        ({"per_second": float("inf")}, {}),
        ({"time_ms": 10**30}, {}),
        ({"time_ms": -1}, {}),
        ({}, {"thin": [{"dead_band": float("nan")}]}),
        ({"waiting_bytes": "many"}, {}),
        ({"oldest_ms": "long ago"}, {}),
        ({"per_second": {}}, {}),
        ({"qos0": None}, {}),
        ({"warnings": [{}]}, {}),
        ({"warnings": "all"}, {}),
        ({}, {"holds": [1]}),
        ({}, {"holds": {}}),
        ({}, {"thin": [1]}),
        ({}, {"error": {}}),
    ],
)
def test_a_report_that_the_page_could_not_show_is_none(more: dict[str, Any], rules: dict[str, Any]) -> None:
    assert told(REPORT | more | {"rules": RULES | rules}) is None
