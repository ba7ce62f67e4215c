"""What the hub says to a gateway about sending less, and what a gateway says to who commands."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from heliograph.errors import ConfigError, TopicError
from heliograph.hub.uplink.answers import answer_to
from heliograph.hub.uplink.hub_rules import HubRules
from heliograph.hub.uplink.lane import Lane
from heliograph.hub.uplink.thin_rules import ThinRule, make_rule, make_rules
from heliograph.hub.uplink.thinning import Outgoing
from heliograph.model.time import SECOND_NS
from heliograph.stream.log import Message
from heliograph.transport.mqtt_client_message import MqttMessage, Publication
from tests.unit.test_uplink import TOPIC, Hub, Written, lines_of, run_until_read, uplink


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"{", "Expecting"),
        (b"7", "not subscriptable"),
        (b'{"thin": []}', "made_ms"),
        (b'{"made_ms": 9}', "thin"),
        (b'{"made_ms": 9, "thin": [{"window": "1ms"}]}', "1s to 1h"),
        (b'{"made_ms": 9, "thin": [7]}', "a table was expected"),
        (b'{"made_ms": 9, "thin": 7}', "not iterable"),
        (b'{"made_ms": Infinity, "thin": []}', "infinity"),
        (b'{"made_ms": 9, "thin": ' + b"[" * 100_000, "decoding a JSON array"),
        (b'{"made_ms": 9, "thin": [{"dead_band": Infinity}]}', "not infinite"),
        (b'{"made_ms": 9, "thin": [{"dead_band": 1' + b"0" * 400 + b"}]}", "not infinite"),
        (b'{"made_ms": 9, "thin": [{"drop": 0}]}', "drop is true or false"),
        (b'{"made_ms": 9, "thin": [{"drop": "no"}]}', "drop is true or false"),
    ],
    ids=range(13),
)
def test_what_makes_no_sense_changes_no_rule_and_is_told(tmp_path: Path, payload: bytes, why: str) -> None:
    rules = HubRules(tmp_path / "rules", [make_rule({"drop": True})])
    assert rules.take(b'{"made_ms": 5, "thin": [{"window": "1m"}]}')
    before = rules.rules
    assert not rules.take(payload)
    assert rules.rules == before == HubRules(tmp_path / "rules", []).rules
    assert why in rules.report()["error"]


def test_rules_of_the_hub_hold_until_it_takes_them_back(tmp_path: Path) -> None:
    own = [make_rule({"drop": True})]
    rules = HubRules(tmp_path / "rules", own)
    assert rules.take(b'{"made_ms": 5, "thin": []}')
    assert not rules.take(b'{"made_ms": 5, "thin": null}'), "it comes again with each connection"
    assert not rules.take(b""), "nothing is left for us"
    assert rules.rules == []
    assert rules.take(b'{"made_ms": 6, "thin": null}')
    assert rules.rules == own
    (tmp_path / "rules").write_text('{"made_ms": 6, "thin": [{}]}')
    with pytest.raises(ConfigError, match="remove the file"):
        HubRules(tmp_path / "rules", own)


def test_points_in_open_windows_are_sent_by_the_next_rules() -> None:
    messages = [Message(n, "s", b"m t=%d %d" % (n, n * SECOND_NS), {}, n * SECOND_NS) for n in (1, 2, 3)]

    async def sent() -> None:
        stream, hub = Written(messages), Hub(100, 100)
        windows = [make_rule({"window": "1m"})]
        lane = Lane("s", stream, windows, lambda m: [Outgoing(TOPIC, m.data)], hub.send, most_bytes=999)  # type: ignore[arg-type]
        await run_until_read(lane, stream, hub)
        assert lines_of(hub.taken) == set()
        lane.set_rules([])
        await run_until_read(lane, stream, hub)
        assert lines_of(hub.taken) == {message.data for message in messages}

    asyncio.run(sent())


def test_windows_that_were_closed_are_what_they_were_by_the_next_rules() -> None:
    lines = [b"b t=%d %d\na t=1 %d" % (n, n * SECOND_NS, n * SECOND_NS) for n in range(100)]
    messages = [Message(n + 1, "s", line, {}, n * SECOND_NS) for n, line in enumerate(lines)]
    short = make_rule({"measurement": "b", "window": "10s"})
    before = [short, make_rule({"measurement": "a", "window": "1h"})]

    async def sent(*in_order: list[ThinRule]) -> set[bytes]:
        stream, hub = Written(messages), Hub(1_000, 1_000)
        lane = Lane("s", stream, in_order[0], lambda m: [Outgoing(TOPIC, m.data)], hub.send, most_bytes=9_999)  # type: ignore[arg-type]
        for rules in in_order:
            lane.set_rules(rules)
            await run_until_read(lane, stream, hub)
        return lines_of(hub.taken)

    after = [short, make_rule({"measurement": "a", "drop": True})]
    assert b"b t=4.5 0" in asyncio.run(sent(before))
    assert asyncio.run(sent(before, after)) == asyncio.run(sent(after))


def test_what_the_hub_has_left_is_answered_once_and_kept_commands_are_handed_over_once(
    tmp_path: Path,
) -> None:
    gateway, here = uplink(tmp_path), list[Publication]()
    rules = MqttMessage("cmd/barn/edge/config", b'{"made_ms": 5, "thin": null}', 1, retained=True)
    kept = MqttMessage("cmd/lamp/mode", b"1", 1, retained=True)
    live = replace(kept, topic="cmd/lamp/other", retained=False)

    class Local:
        """This gateway's broker."""

        async def publish(self, publication: Publication) -> None:
            here.append(publication)

    async def brought(*messages: MqttMessage) -> bool:
        waiting, all_taken = list(messages), asyncio.Event()

        class TheHub:
            """What the connection to a hub would bring down."""

            async def next_message(self) -> MqttMessage:
                if not waiting:
                    all_taken.set()
                    await asyncio.Event().wait()
                return waiting.pop(0)

            def acknowledge(self, message: MqttMessage) -> None:
                """Forget it."""

        gateway._to_tell.clear()
        async with asyncio.TaskGroup() as group:
            bringing = group.create_task(gateway._bring_down(TheHub(), Local()))  # type: ignore[arg-type]
            await all_taken.wait()
            bringing.cancel()
        return gateway._to_tell.is_set()

    with pytest.raises(ExceptionGroup):
        asyncio.run(brought(rules))
    assert not asyncio.run(brought(rules)), "it would ask and be answered without an end"
    bad = replace(rules, payload=b"{")
    assert asyncio.run(brought(bad))
    assert not asyncio.run(brought(bad))

    asyncio.run(brought(kept, live, live, kept, replace(live, retained=True)))
    assert [each.topic for each in here] == ["cmd/lamp/mode", "cmd/lamp/other", "cmd/lamp/other"]
    asyncio.run(brought(replace(kept, payload=b"2")))
    assert here[-1] == Publication("cmd/lamp/mode", b"2", 1, retained=True)


@pytest.mark.parametrize(
    ("payload", "topic"),
    [
        (b'{"reply_to": "sta/me/answers", "id": 1}', "sta/me/answers"),
        (b'{"reply_to": "cmd/other/door"}', None),
        (b'{"reply_to": 7}', None),
        (b"[1]", None),
        (b"x" * 10, None),
    ],
    ids=range(5),
)
def test_only_who_waits_is_answered(payload: bytes, topic: str | None) -> None:
    answer = answer_to(payload, TopicError("too large"))
    assert (answer and answer.topic) == topic


def test_a_dead_band_of_nothing_is_a_dead_band() -> None:
    (rule,) = make_rules([{"dead_band": 0}])
    assert rule.dead_band == 0.0
    with pytest.raises(ConfigError, match="window and dead_band came"):
        make_rules([{"dead_band": 0, "window": "1m"}])
