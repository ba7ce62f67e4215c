"""Rules on synthetic faults: exactly the expected alerts; and what no rule may say."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.errors import ConfigError
from heliograph.rules import rule as declared
from heliograph.rules.alerts import Alert, Change
from heliograph.rules.detector import robust_score
from heliograph.rules.evaluator import MAX_GROUPS, Evaluator, Interval, replay
from heliograph.rules.expression import Expression
from heliograph.rules.reading import make_rule
from tests.rule_faults import CASES, Fault, S, alerts, intervals, rule


@pytest.mark.parametrize("fault", CASES, ids=lambda fault: fault.name)
def test_a_labelled_fault_gives_exactly_its_alerts(fault: Fault) -> None:
    for seed in fault.seeds:
        assert alerts(fault, seed) == fault.expected


@pytest.mark.parametrize("fault", CASES, ids=lambda fault: fault.name)
def test_a_restart_after_any_interval_changes_nothing(fault: Fault) -> None:
    asked = make_rule(fault.rule)
    all_of_it = list(intervals(fault, 1))
    whole = replay(asked, all_of_it)
    back = -(-asked.lookback_ns // asked.every_ns)
    for cut in range(1, len(all_of_it), max(1, len(all_of_it) // 6)):
        before = Evaluator(asked)
        found: list[Change] = [change for one in all_of_it[:cut] for change in before.step(one)]
        kept = [json.loads(json.dumps(alert.as_json())) for alert in before.alerts.values()]
        after = Evaluator(asked)
        after.restore(Alert.from_json(one) for one in kept)
        after.prime(all_of_it[max(0, cut - back) : cut])
        found += [change for one in all_of_it[cut:] for change in after.step(one)]
        assert found == whole, f"cut after {cut}"


@given(st.lists(st.one_of(st.none(), st.floats(0, 100)), max_size=60))
def test_alerts_fire_and_are_resolved_in_turn(values: list[float | None]) -> None:
    asked = make_rule(rule(above=60, clear=40, **{"for": "20s"}))
    given = [
        Interval(n * 10 * S, {} if value is None else {("a",): {"value": value}})
        for n, value in enumerate(values, 1)
    ]
    states = [change.state.value for change in replay(asked, given)]
    assert states == ["firing", "ok"] * (len(states) // 2) + ["firing"] * (len(states) % 2)


def test_an_expression_needs_all_its_series() -> None:
    asked = make_rule(
        {
            "name": "full",
            "every": "10s",
            "series": {
                "used": {"measurement": "disk", "field": "used"},
                "total": {"measurement": "disk", "field": "total"},
            },
            "expression": "used / total * 100",
            "above": 90,
        }
    )
    given = [
        Interval(10 * S, {(): {"used": 95.0}}),
        Interval(20 * S, {(): {"used": 95.0, "total": 0.0}}),
        Interval(30 * S, {(): {"used": 95.0, "total": 100.0}}),
    ]
    assert [(change.time_ns // S, change.value) for change in replay(asked, given)] == [(30, 95.0)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a + 2 * b", 7.0),
        ("-a ** 2", -1.0),
        ("a > 0 and b > 2", 1.0),
        ("not a or b < 1", 0.0),
        ("max(a, b) - min(a, b, 0)", 3.0),
        ("sqrt(b + 6) % 2", 1.0),
        ("a / (b - 3)", None),
        ("10 ** 400", None),
    ],
)
def test_expressions(text: str, value: float | None) -> None:
    assert Expression(text, frozenset("ab"))({"a": 1.0, "b": 3.0}) == value


@pytest.mark.parametrize(
    "text",
    ["", "c", "a.__class__", "a[0]", "open(a)", "(lambda: a)()", "'x' * a", "a if b else a", "1 < a < 2",
     "-" * 60 + "a", "a" * 501, "max()", "a := 1", "[a]", "__import__"],
)  # fmt: skip
def test_what_is_no_expression(text: str) -> None:
    with pytest.raises(ConfigError, match="expected"):
        Expression(text, frozenset("ab"))


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({}, "a limit was expected"),
        ({"abov": 3}, 'did you mean "above"'),
        ({"above": 3, "clear": 4}, "good side"),
        ({"above": 3, "below": 4}, "must be less"),
        ({"above": "3"}, "must be a number"),
        ({"above": True}, "must be a number"),
        ({"above": 3, "every": "10ms"}, "every must be"),
        ({"above": 3, "every": 10}, "must be a duration"),
        ({"above": 3, "fn": "median"}, "one of mean"),
        ({"above": 3, "severity": "bad"}, "one of info"),
        ({"sigma": 3, "absent": "1m"}, "different kinds"),
        ({"sigma": 3, "above": 1}, "leave them out"),
        ({"sigma": 3, "over": "1h", "season": "1h"}, "two seasons"),
        ({"sigma": 3, "over": "300d"}, "intervals"),
        ({"above": 3, "name": "a b"}, "name has"),
        ({"above": 3, "actions": [{"kind": "webhook"}]}, "url is needed"),
        ({"above": 3, "actions": [{"kind": "fax"}]}, "kind is one of"),
        ({"above": 3, "series": {"a": {}}}, "stands in each of them"),
        ({"above": 3, "where": ["host"]}, "table such as"),
    ],
)
def test_what_is_no_rule_is_told(more: dict[str, object], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        make_rule(rule(**more))


def test_a_rule_in_python_is_a_function_and_a_rule() -> None:
    @declared(every="10s", by=["host"], measurement="m", field="v")
    def too_odd(value: float | None) -> bool | None:
        return None if value is None else value % 2 == 1

    assert too_odd(3.0) is True
    made = too_odd.rule  # type: ignore[attr-defined]
    assert made.name == "too-odd"
    given = [Interval(n * 10 * S, {("a",): {"value": float(n)}}) for n in (2, 3, 4)]
    assert [change.time_ns // S for change in replay(made, given)] == [30, 40]


def test_the_robust_score_is_not_moved_by_outliers() -> None:
    usual = [20.0 + n % 3 for n in range(60)]
    spoilt = usual + [1e6] * 20
    assert abs(robust_score(21.0, spoilt)) < 1
    assert robust_score(40.0, spoilt) > 10


def test_groups_beyond_the_limit_are_counted() -> None:
    asked = make_rule(rule(above=1))
    evaluator = Evaluator(asked)
    evaluator.step(Interval(10 * S, {(str(n),): {"value": 0.0} for n in range(MAX_GROUPS + 5)}))
    assert (len(evaluator.alerts), evaluator.refused) == (MAX_GROUPS, 5)


def test_messages_have_value_and_tags() -> None:
    asked = make_rule(rule(above=1, message="{host} {value} {rule} {severity} {other}"))
    (change,) = replay(asked, [Interval(10 * S, {("pi",): {"value": 2.25}})])
    assert change.text == "pi 2.25 r warning {other}"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"above": 3}, "r host=pi 2.25"),
        ({"above": 3, "per": "1m"}, "r host=pi 2.25 per 1m"),
        ({"sigma": 6, "over": "1h"}, "r host=pi 2.25 standard deviations off"),
        ({"absent": "5m"}, "r host=pi last value 2.25"),
    ],
    ids=["threshold", "rate", "deviation", "absence"],
)
def test_without_a_message_it_is_told_what_a_value_is(more: dict[str, object], told: str) -> None:
    assert make_rule(rule(**more)).text(("pi",), 2.25) == told
