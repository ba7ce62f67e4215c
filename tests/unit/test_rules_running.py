"""Rules on a real catalogue: what is kept, told, silenced and delivered; the clock is the test's."""

from __future__ import annotations

import gc
import http.server
import json
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from heliograph.config.tree import RuleSettings
from heliograph.errors import ConfigError, ConnectError, NotFound, Refused, TransportError
from heliograph.hub.rules import trial
from heliograph.hub.rules.delivery import Deliveries
from heliograph.hub.rules.outward import Outward
from heliograph.hub.rules.running import CATCH_UP_NS
from heliograph.hub.rules.service import HubRules
from heliograph.hub.rules.values import RuleValues
from heliograph.query.engine import QueryEngine
from heliograph.rules.alerts import Change
from heliograph.rules.evaluator import Interval
from heliograph.store.alerts import DELIVERED, FAILED, WAITING, AlertTable, Delivery
from heliograph.transport.mqtt_client_message import Publication
from tests.unit.stored_points import Kept, point

S = 1_000_000_000
START = 1_790_000_000 * S
HOT = {
    "name": "hot",
    "measurement": "m",
    "field": "v",
    "by": ["host"],
    "every": "10s",
    "above": 80,
    "clear": 70,
    "actions": ["log", {"kind": "mqtt", "topic": "cmd/{host}/alarm"}],
}


class Clock:
    """The time of a test."""

    def __init__(self) -> None:
        self.ns = START + 2 * S

    def __call__(self) -> int:
        return self.ns


class Stand:
    """Rules on a store; ``published`` is what actions sent, in a broker's place: none runs in these tests."""

    def __init__(self, kept: Kept) -> None:
        self.kept, self.clock, self.published = kept, Clock(), list[Publication]()
        self.engine = QueryEngine(kept.store, kept.duck, threads=1, seconds=10)
        self.rules = self.made()

    def made(self) -> HubRules:
        return HubRules(
            self.kept.database,
            self.engine,
            RuleSettings(),
            self.kept.folder / "rules",
            self.publish,
            now_ns=self.clock,
        )

    async def publish(self, publication: Publication) -> None:
        self.published.append(publication)

    async def at(self, second: int, **values: float) -> None:
        """Let it be so many seconds since the start, right after points came, and look."""
        at_ns = START + second * S
        if values:
            self.kept.write(*(point("m", at_ns - 5 * S, {"host": name}, v=v) for name, v in values.items()))
        self.clock.ns = at_ns + 2 * S
        await self.rules.tick()

    def outbox(self) -> list[Delivery]:
        return AlertTable(self.kept.database).due(self.clock.ns // 1_000_000)

    def told(self) -> list[tuple[str, str]]:
        """What is told by the log: state and host."""
        return [
            (alert["state"], alert["tags"]["host"])
            for one in self.outbox()
            if one.action == "log"
            for alert in one.told["alerts"]
        ]

    def history(self) -> list[tuple[str, int]]:
        found = self.rules.alerts(0, 2**42)["history"]
        return [(one["state"], one["time_ms"] // 1000 - START // S) for one in reversed(found)]


@asynccontextmanager
async def standing(tmp_path: Path) -> AsyncIterator[Stand]:
    with Kept(tmp_path) as kept:
        stand = Stand(kept)
        try:
            yield stand
        finally:
            stand.engine.close()


async def test_each_change_is_told_once_over_restarts_at_any_moment(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        await stand.rules.add(HOT)
        for second, value in [(10, 20), (20, 90), (30, 90), (40, 75), (50, 60), (60, 90)]:
            stand.rules = stand.made()
            await stand.at(second, a=value, b=20)
            stand.rules = stand.made()
            await stand.at(second)
        assert stand.told() == [("firing", "a"), ("resolved", "a"), ("firing", "a")]
        assert stand.history() == [("firing", 20), ("resolved", 50), ("firing", 60)]
        keys = [one.key for one in stand.outbox()]
        assert len(keys) == len(set(keys)) == 6


async def test_what_happened_while_the_hub_was_away_is_in_the_history(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        await stand.rules.add(HOT)
        await stand.at(10, a=20)
        for second, value in [(20, 90), (30, 20), (40, 90)]:
            stand.kept.write(point("m", START + (second - 5) * S, {"host": "a"}, v=value))
        stand.rules = stand.made()
        await stand.at(50)
        assert stand.history() == [("firing", 20), ("resolved", 30), ("firing", 40)]
        assert stand.told() == [("firing", "a")], "how it is now"


async def test_a_long_absence_of_the_hub_is_not_read_back_for_ever(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        await stand.rules.add(HOT)
        await stand.at(10, a=90)
        later = 10 + 2 * CATCH_UP_NS // S
        stand.rules = stand.made()
        await stand.at(later, a=20)
        assert stand.history()[0] == ("firing", 10)
        assert stand.history()[1][0] == "resolved"


async def test_silence_while_the_hub_was_away_is_not_the_devices(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        watched = {key: HOT[key] for key in ("measurement", "field", "by", "every")}
        await stand.rules.add(watched | {"name": "gone", "absent": "30s"})
        await stand.at(10, a=20)
        stand.clock.ns = START + 600 * S
        stand.rules = stand.made()
        await stand.at(610)
        assert stand.told() == []
        await stand.at(640)
        assert stand.told() == [("firing", "a")]


async def test_silenced_and_acknowledged_alerts_are_not_told(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        await stand.rules.add(HOT | {"repeat": "1m"})
        quiet = await stand.rules.silence("h*", {"host": "a"}, 3600, "weekend")
        await stand.at(10, a=90, b=90)
        assert stand.told() == [("firing", "b")]
        assert (await stand.rules.acknowledge("hot", {"host": "b"}, "me", "on it"))["acknowledged"] == 1
        await stand.at(120, a=90, b=90)
        assert stand.told() == [("firing", "b")], "not again"
        await stand.rules.end_silence(quiet["id"])
        await stand.at(130, a=90, b=90)
        assert stand.told() == [("firing", "b"), ("firing", "a")]
        await stand.at(200, a=90, b=90)
        assert stand.told()[2:] == [("firing", "a")], "a reminder of what nobody acknowledged"
        with pytest.raises(NotFound):
            await stand.rules.end_silence(quiet["id"])


async def test_a_silence_may_begin_later_and_come_again_each_week(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        await stand.rules.add(HOT)
        start_ms = (START + 100 * S) // 1_000_000
        later = await stand.rules.silence("hot", {"host": "a"}, 60, "", start_ms=start_ms)
        assert (later["holds"], later["end_ms"] - later["start_ms"]) == (False, 60_000)
        night = datetime.fromtimestamp(START // S, ZoneInfo("Europe/Berlin"))
        words = f"{night:%a} {night:%H:%M}-{night + timedelta(minutes=5):%H:%M}"
        weekly = await stand.rules.silence("h*", {"host": "b"}, None, "", every=words, zone="Europe/Berlin")
        assert (weekly["holds"], weekly["end_ms"], weekly["every"]) == (True, None, words.lower())
        await stand.at(10, a=90, b=90)
        assert stand.told() == [("firing", "a")], "of the two only one has begun"
        await stand.at(20, a=20, b=90)
        stand.rules = stand.made()
        await stand.at(110, a=90, b=90)
        assert stand.told()[2:] == [], "both hold, also after a restart"
        assert [one["holds"] for one in stand.rules.report()["silences"]] == [True, True]
        await stand.at(170, a=90, b=90)
        assert stand.told()[2:] == [("firing", "a")], "what still fires at the end is told"
        await stand.at(400, a=90, b=90)
        assert stand.told()[3:] == [("firing", "b")], "until next week"
        (left,) = stand.rules.report()["silences"]
        assert (left["id"], left["holds"]) == (weekly["id"], False)
        with pytest.raises(ConfigError, match="sun 02:00-04:00"):
            await stand.rules.silence("h*", {}, None, "", every="tomorrow")


async def test_a_group_keeps_a_storm_to_one_notification(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        await stand.rules.add(HOT | {"group": "5m", "clear": 80, "actions": ["log"]})
        for second in range(10, 300, 10):
            await stand.at(second, a=90 if second % 20 else 20, b=90)
        assert len(stand.outbox()) == 1
        await stand.at(400, a=90, b=90)
        assert len(stand.outbox()) == 1, "nothing is new: a fires, as was told"


async def test_a_changed_rule_begins_anew(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        await stand.rules.add(HOT)
        await stand.at(10, a=90)
        await stand.rules.add(HOT | {"above": 95})
        (shown,) = stand.rules.report()["rules"]
        assert (shown["state"], shown["rule"]["above"]) == ("ok", 95)
        await stand.rules.remove("hot")
        assert stand.rules.report()["rules"] == []


async def test_a_trial_tells_what_would_have_been(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        for second, value in [(10, 20), (20, 90), (30, 20)]:
            await stand.at(second, a=value)
        answer = await stand.rules.test(HOT, START // 10**6, START // 10**6 + 60_000)
        assert [(one["state"], one["value"]) for one in answer["changes"]] == [
            ("firing", 90),
            ("resolved", 20),
        ]
        assert answer["values"][0]["values"] == [20, 90, 20]
        missing = await stand.rules.test(HOT | {"measurement": "n"}, START // 10**6, START // 10**6 + 60_000)
        assert 'measurement "n" not found' in missing["trouble"]
        assert stand.outbox() == []


async def test_a_trial_keeps_no_more_changes_than_it_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def alive() -> int:
        return sum(isinstance(one, Change) for one in gc.get_objects())

    async def counted(values: RuleValues, *asked: Any) -> AsyncIterator[list[Interval]]:
        async for some in intervals(values, *asked):
            kept.append(alive() - before)
            yield some

    kept, before, intervals = list[int](), alive(), RuleValues.intervals
    monkeypatch.setattr(trial, "_MAX_CHANGES", 10)
    monkeypatch.setattr(RuleValues, "intervals", counted)
    async with standing(tmp_path) as stand:
        flapping = (point("m", START + s * S, {"host": "a"}, v=20 + s % 2 * 70) for s in range(5_000))
        stand.kept.write(*flapping)
        start_ms = START // 10**6
        answer = await stand.rules.test(HOT | {"every": "1s"}, start_ms, start_ms + 5_000_000)
        assert (len(answer["changes"]), answer["changes_total"]) == (10, 4_999)
    assert max(kept) < 2_500  # those that are told, and those of the last questions


async def test_rules_of_files_come_first_and_stay(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "a.toml").write_text(
        '[action.log-too]\nkind = "log"\n[[rule]]\nname = "hot"\nmeasurement = "m"\nfield = "v"\nabove = 1\n'
        'actions = ["log-too"]\n'
    )
    async with standing(tmp_path) as stand:
        await stand.rules.tick()
        (shown,) = stand.rules.report()["rules"]
        assert shown["origin"] == "a.toml"
        with pytest.raises(ConfigError, match="stands in a file"):
            await stand.rules.add(HOT)
        with pytest.raises(ConfigError, match=r"stands in a\.toml"):
            await stand.rules.remove("hot")
        with pytest.raises(ConfigError, match="there is no action 'phone'"):
            await stand.rules.add(HOT | {"name": "other", "actions": ["phone"]})
        (folder / "b.toml").write_text("[[rule]]\nname = 3\n")
        with pytest.raises(ConfigError, match=r"b\.toml: name is needed"):
            stand.made()


class Failing:
    """Actions that fail as often as they are told to: what is tested is what the outbox makes of that."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.keys: list[str] = []

    async def perform(self, _action: str | Mapping[str, Any], _note: Mapping[str, Any], key: str) -> None:
        self.keys.append(key)
        if self.errors:
            raise self.errors.pop(0)


async def test_what_fails_is_tried_again_with_the_same_key_and_later(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        await stand.rules.add(HOT | {"actions": ["log"]})
        await stand.at(10, a=90)
        table = AlertTable(stand.kept.database)
        actions = Failing(TransportError("x", "gone"), TransportError("x", "gone"))
        outbox = Deliveries(table, actions, now_ms=lambda: stand.clock.ns // 10**6)  # type: ignore[arg-type]
        (first,) = stand.outbox()
        assert not await outbox.deliver(first)
        assert stand.outbox() == [], "not at once"
        assert table.deliveries()[WAITING] == 1
        stand.clock.ns += 5 * S
        assert not await outbox.deliver(*stand.outbox())
        stand.clock.ns += 10 * S
        assert await outbox.deliver(*stand.outbox())
        assert len(set(actions.keys)) == 1
        assert table.deliveries()[DELIVERED] == 1


async def test_what_is_refused_is_not_tried_again_and_told(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        await stand.rules.add(HOT | {"actions": ["log"]})
        await stand.at(10, a=90)
        table = AlertTable(stand.kept.database)
        outbox = Deliveries(table, Failing(Refused("x", "no")))  # type: ignore[arg-type]
        assert not await outbox.deliver(*stand.outbox())
        assert table.deliveries()[FAILED] == 1
        assert "x: no" in stand.rules.warnings()[-1]


async def test_messages_go_to_the_device_that_is_meant(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        await stand.rules.add(HOT)
        await stand.at(10, a=90)
        for one in stand.outbox():
            assert await stand.rules._deliveries.deliver(one)
        assert stand.outbox() == []
        (sent,) = stand.published
        told = json.loads(sent.payload)
        assert (sent.topic, told["state"], told["value"], told["rule"]) == (
            "cmd/a/alarm",
            "firing",
            90,
            "hot",
        )


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """A web server on this machine, and what it got."""
    got: list[tuple[str, bytes]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((self.headers["X-Name"], self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response({"/ok": 204, "/moved": 302, "/no": 403}.get(self.path, 500))
            self.send_header("Location", "/ok")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", got
        server.shutdown()
        thread.join()


def test_webhooks_reach_what_is_allowed_only(receiver: tuple[str, list[tuple[str, bytes]]]) -> None:
    url, got = receiver
    for allowed in ((), ("10.0.0.0/8", "example.org")):
        with pytest.raises(ConfigError, match=r"not a public address.*rules\.allow_hosts"):
            Outward(allowed).post(f"{url}/ok", b"x", {})
    assert got == []
    for one in ("127.0.0.1", "127.0.0.0/8"):
        assert Outward((one,)).post(f"{url}/ok", b"x", {"X-Name": "n"}) == 204
    assert got == [("n", b"x")] * 2


def test_answers_say_whether_to_try_again(receiver: tuple[str, list[tuple[str, bytes]]]) -> None:
    url, got = receiver
    outward = Outward(("127.0.0.1",))
    for path, kind, retry in (("moved", Refused, False), ("no", Refused, False), ("5", TransportError, True)):
        with pytest.raises(kind) as caught:
            outward.post(f"{url}/{path}", b"x", {"X-Name": "n"})
        assert caught.value.retry is retry
    assert len(got) == 3, "a redirect is not followed"


@pytest.mark.parametrize(
    "url",
    ["http://localhost/", "http://[::1]/", "http://169.254.169.254/", "http://10.1.2.3/", "http://0.0.0.0/",
     "http://[::ffff:127.0.0.1]/", "http://2130706433/", "http://0x7f.1/", "http://224.0.0.1/"],
)  # fmt: skip
def test_no_form_of_a_private_address_is_reached(url: str) -> None:
    with pytest.raises((ConfigError, ConnectError), match=r"not a public address|cannot be resolved"):
        Outward().post(url, b"", {})


@pytest.mark.parametrize(
    "url", ["ftp://a/", "file:///etc/passwd", "http://", "http://a:x/", "a", "http://a:0/"]
)
def test_what_is_no_address_of_a_webhook(url: str) -> None:
    with pytest.raises(ConfigError, match="https://host/path was expected"):
        Outward().post(url, b"", {})
