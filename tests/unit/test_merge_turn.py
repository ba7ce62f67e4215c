"""Merges wait for a calm moment, but not for ever."""

from __future__ import annotations

from heliograph.hub.merge_turn import CALM, MOST_SEALS, PATIENCE, MergeTurn


def test_what_an_earlier_run_left_is_merged_soon_after_the_start() -> None:
    turn = MergeTurn(100.0)

    taken = [(turn.take(100.0 + seconds), turn.waiting) for seconds in (CALM / 2, CALM, 10 * PATIENCE)]

    assert taken == [(False, True), (True, False), (False, False)], "nothing was sealed since"


def test_a_merge_waits_for_seals_to_pause() -> None:
    turn = MergeTurn(0.0)
    turn.take(CALM)

    turn.sealed(10.0)
    turn.sealed(10.0 + CALM - 1)

    assert not turn.take(10.0 + CALM)
    assert turn.take(10.0 + 2 * CALM - 1)


def test_seals_without_a_pause_do_not_put_it_off_for_ever() -> None:
    turn = MergeTurn(0.0)
    turn.take(CALM)

    merged_at = []
    for number in range(90):
        second = 10 + 2 * number
        turn.sealed(float(second))
        if turn.take(float(second)):
            merged_at.append(second)

    assert merged_at == [10 + int(PATIENCE), 12 + 2 * int(PATIENCE)]


def test_so_many_small_segments_are_merged_at_once() -> None:
    turn = MergeTurn(0.0)
    turn.take(CALM)

    merged_after = []
    for number in range(1, 3 * MOST_SEALS):
        now = 10 + number / 100
        turn.sealed(now)
        if turn.take(now):
            merged_after.append(number)

    assert merged_after == [MOST_SEALS, 2 * MOST_SEALS]
