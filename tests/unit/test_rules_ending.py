"""A rule that is changed, removed or late: its alerts end, and who was told of them hears so."""

from __future__ import annotations

from pathlib import Path

from tests.unit.stored_points import point
from tests.unit.test_rules_running import HOT, START, S, standing


async def test_who_was_told_that_a_removed_rule_fires_is_told_that_it_is_over(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        await stand.rules.add(HOT)
        await stand.at(10, a=90, b=20)
        await stand.rules.remove("hot")
        assert stand.told() == [("firing", "a"), ("resolved", "a")]
        assert [state for state, _ in stand.history()] == ["firing", "resolved"]
        last = stand.outbox()[-1].told["alerts"][0]
        assert last["text"].endswith("(the rule was removed)")
        stand.rules = stand.made()
        await stand.at(20, a=90)
        assert len(stand.told()) == 2


async def test_a_changed_rule_ends_its_alerts_and_begins_anew(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        await stand.rules.add(HOT)
        await stand.at(10, a=90)
        await stand.rules.add(HOT | {"above": 95})
        assert stand.told() == [("firing", "a"), ("resolved", "a")]
        await stand.at(20, a=90)
        assert stand.told() == [("firing", "a"), ("resolved", "a")]
        await stand.at(30, a=99)
        assert stand.told()[-1] == ("firing", "a")


async def test_a_removed_rule_that_nobody_was_told_of_is_told_to_nobody(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        await stand.rules.add(HOT)
        await stand.rules.silence("hot", {}, 3_600, "")
        await stand.at(10, a=90)
        await stand.rules.remove("hot")
        assert stand.told() == []
        assert [state for state, _ in stand.history()] == ["firing", "resolved"]


async def test_a_rule_that_waits_judges_late_points(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        await stand.rules.add(HOT | {"name": "patient", "wait": "30s"})
        await stand.rules.add(HOT)
        await stand.at(10, a=20)
        await stand.at(20)
        stand.kept.write(point("m", START + 15 * S, {"host": "a"}, v=90))  # ten seconds late
        await stand.at(60)
        assert [state for state, _ in stand.history()] == ["firing"]
        assert {one["rule"] for one in stand.rules.alerts(0, 2 * START // 10**6)["history"]} == {"patient"}
