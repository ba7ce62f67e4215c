"""Rules of a hub: what is one, which holds when, and that reading back gives the same points."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from heliograph.codec.ingest.rule import Rule, make_rule, make_rules
from heliograph.codec.ingest.shipped import SHIPPED
from heliograph.config.load import load
from heliograph.errors import ConfigError, NotFound, NotPossible
from heliograph.hub.ingest import facts as ingest_facts
from heliograph.hub.ingest.rules import IngestRules, Refused, Taken
from tests.unit.stored_points import Kept

GOOD = {"name": "rooms", "topic": "home/{room}/+", "parser": "value"}


class Clock:
    """Tells the time that it was told."""

    now_ns = 100

    def __call__(self) -> int:
        return self.now_ns


@pytest.fixture
def clock() -> Clock:
    return Clock()


def lines(rules: IngestRules, topic: str, payload: str, time_ns: int) -> str | None:
    taken = rules.take(topic, payload.encode(), time_ns)
    return taken.lines.decode() if isinstance(taken, Taken) else None


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"topics": "a"}, 'did you mean "topic"?'),
        ({"name": "has blank"}, "name: 1 to 64"),
        ({"parser": "xml"}, "parser: one of lp, json"),
        ({"topic": "a/b+/c"}, "whole level"),
        ({"topic": "tel/+/lp"}, "not below tel/"),
        ({"topic": "$SYS/#"}, "nor \\$"),
        ({"topic": "a/{x}/{x}"}, "one level only"),
        ({"topic": "a/x{y}"}, "whole level"),
        ({"topic": "a/{1}"}, "topic: a filter like"),
        ({"measurement": "{hall}"}, "a level of the topic in braces \\(room\\)"),
        ({"tags": {"a": "{b}"}}, "a level of the topic"),
        ({"tags": ["a"]}, "tags: names with texts"),
        ({"fields": ["a:integer=b"]}, "with a type of float, int, bool, string"),
        ({"fields": "a"}, "fields: a list"),
        ({"time_form": "minutes"}, "time_form: one of auto"),
        ({"topic": 7}, "topic: a text"),
    ],
)
def test_what_is_no_rule_is_told(asked: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        make_rule(GOOD | asked)


def test_a_rule_survives_its_way_through_json() -> None:
    rule = make_rule(GOOD | {"tags": {"a": "{room}"}, "fields": ["v:int"], "time": "t", "time_form": "ms"})
    assert make_rule(rule.as_json()) == rule
    assert make_rule(GOOD).as_json() == GOOD


def test_rules_stand_in_files_with_their_place(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text('[http]\nport = 0\n[[ingest]]\nname = "a"\ntopic = "x/#"\nparser = "json"\n')
    loaded = load(tmp_path, config_files=[file], environ={}, overrides={})
    assert make_rules(loaded.rules) == (Rule("a", "x/#", "json"),)
    file.write_text('[[ingest]]\nname = "a"\ntopic = "x/#"\nparser = "jsn"\n')
    loaded = load(tmp_path, config_files=[file], environ={}, overrides={})
    with pytest.raises(ConfigError, match=r"a\.toml:1: \[\[ingest\]\] number 1: parser"):
        make_rules(loaded.rules)
    file.write_text('[ingest]\nname = "a"\n')
    with pytest.raises(ConfigError, match="two brackets"):
        load(tmp_path, config_files=[file], environ={}, overrides={})


def test_a_message_is_read_by_the_rule_that_held_when_it_came(kept: Kept, clock: Clock) -> None:
    rules = IngestRules(kept.database, clock=clock)
    clock.now_ns = 200
    rules.add(GOOD)
    clock.now_ns = 300
    rules.remove("rooms")
    clock.now_ns = 400
    rules.add(GOOD | {"measurement": "climate"})
    for known in (rules, IngestRules(kept.database, clock=clock)):  # and after a restart
        assert lines(known, "home/lab/t", "1", 199) is None
        assert lines(known, "home/lab/t", "1", 200) == "home,room=lab value=1.0 200"
        assert lines(known, "home/lab/t", "1", 299) == "home,room=lab value=1.0 299"
        assert lines(known, "home/lab/t", "1", 300) is None
        assert lines(known, "home/lab/t", "1", 400) == "climate,room=lab value=1.0 400"


def test_added_rules_come_before_those_of_files_and_shipped_ones(kept: Kept, clock: Clock) -> None:
    IngestRules(kept.database, [make_rule(GOOD | {"name": "file", "topic": "zigbee2mqtt/#"})], clock=clock)
    clock.now_ns = 200
    rules = IngestRules(
        kept.database, [make_rule(GOOD | {"name": "file", "topic": "zigbee2mqtt/#"})], clock=clock
    )
    clock.now_ns = 300
    rules.add({"name": "mine", "topic": "zigbee2mqtt/lamp", "parser": "value", "measurement": "m"})
    assert [each.rule.name for each in rules.current] == ["mine", "file", *(rule.name for rule in SHIPPED)]
    assert lines(rules, "zigbee2mqtt/lamp", "1", 300) == "m value=1.0 300"
    assert lines(rules, "zigbee2mqtt/door", "1", 300) == "zigbee2mqtt value=1.0 300"
    with pytest.raises(ConfigError, match="stands in a configuration file"):
        rules.remove("file")


def test_a_rule_that_left_its_file_holds_no_longer(kept: Kept, clock: Clock) -> None:
    IngestRules(kept.database, [make_rule(GOOD)], clock=clock)
    clock.now_ns = 200
    rules = IngestRules(kept.database, clock=clock)
    assert lines(rules, "home/lab/t", "1", 150) == "home,room=lab value=1.0 150"
    assert lines(rules, "home/lab/t", "1", 200) is None


def test_a_shipped_rule_that_was_removed_stays_away_until_it_is_called(kept: Kept, clock: Clock) -> None:
    IngestRules(kept.database, clock=clock).remove("homie")
    clock.now_ns = 200
    rules = IngestRules(kept.database, clock=clock)
    assert "homie/#" not in rules.topic_filters
    rules.add({"name": "homie"})
    assert "homie/#" in IngestRules(kept.database, clock=clock).topic_filters


def test_names_are_there_once_and_known(kept: Kept, clock: Clock) -> None:
    rules = IngestRules(kept.database, clock=clock)
    rules.add(GOOD)
    with pytest.raises(NotPossible, match="remove it first"):
        rules.add(GOOD)
    with pytest.raises(NotFound, match='ingest rule "attic" not found'):
        rules.remove("attic")


def test_what_cannot_be_read_is_counted_with_its_rule(kept: Kept, clock: Clock) -> None:
    rules = IngestRules(kept.database, clock=clock)
    taken = rules.take("zigbee2mqtt/lamp", b"{", 100)
    assert isinstance(taken, Refused)
    assert taken.rule.ledger_name == "rule/zigbee2mqtt"
    (warning,) = rules.warnings()
    assert warning.startswith(
        "1 messages were not what the ingest rule zigbee2mqtt expects; the last: not JSON"
    )
    assert rules.take("nobody/knows", b"1", 100) is None
    assert rules.take("tel/x/lp", b"m v=1", 100) is None


def test_what_is_learned_holds_from_its_message_on_and_outlasts_a_restart(kept: Kept, clock: Clock) -> None:
    announced = '{"stat_t":"garden/t","val_tpl":"{{ value_json.%s }}"}'
    rules = IngestRules(kept.database, clock=clock)
    rules.take("homeassistant/sensor/g/config", (announced % "a").encode(), 200)
    rules.take("homeassistant/sensor/g/config", (announced % "b").encode(), 300)
    for known in (rules, IngestRules(kept.database, clock=clock)):
        assert "garden/t" in known.topic_filters
        assert lines(known, "garden/t", '{"a":1,"b":2}', 150) is None
        assert "value=1.0 250" in (lines(known, "garden/t", '{"a":1,"b":2}', 250) or "")
        assert "value=2.0 300" in (lines(known, "garden/t", '{"a":1,"b":2}', 300) or "")
    version = rules.changes.version
    rules.take("homeassistant/sensor/g/config", b"", 400)
    assert "garden/t" not in rules.topic_filters
    assert rules.changes.version > version


def test_trying_a_rule_teaches_nothing(kept: Kept, clock: Clock) -> None:
    rules = IngestRules(kept.database, clock=clock)
    rules.try_out("homeassistant/sensor/g/config", b'{"stat_t":"garden/t"}', None)
    assert rules.try_out("garden/t", b"1", None) == (None, [])
    rule, points = rules.try_out("a/lab", b"5", {"topic": "a/{room}", "parser": "value"})
    assert rule is not None
    assert [(p.measurement, p.tags, p.fields) for p in points] == [("a", {"room": "lab"}, {"value": 5.0})]


def test_facts_have_a_limit(kept: Kept, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest_facts, "MAX_KEYS", 2)
    rules = IngestRules(kept.database, clock=clock)
    for number in range(4):
        rules.facts.put("k", str(number), 1, 100)
    assert sorted(rules.facts.keys_of("k")) == ["0", "1"]
    assert rules.warnings() == ["2 announcements were not learned: there are too many"]
