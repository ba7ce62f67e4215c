"""``python -m bench.plans`` measures each of its questions, cold and kept."""

from __future__ import annotations

from bench.plans import QUESTIONS, measured


def test_every_question_is_planned_both_ways() -> None:
    found = measured(measurements=2, fields=5, rounds=3)
    assert list(found) == list(QUESTIONS)
    assert {(len(cold), len(kept)) for cold, kept in found.values()} == {(3, 3)}
