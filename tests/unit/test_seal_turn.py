"""A seal waits for a lull, but neither for long nor while much waits."""

from heliograph.hub.seal_turn import MOST_WAITING, PATIENCE, SealTurn


def test_a_lull_is_taken_at_once() -> None:
    turn = SealTurn()
    assert turn.take(100.0, waiting=1, batches=0)


def test_while_batches_come_a_seal_waits_for_the_first_look_without_one() -> None:
    turn = SealTurn()
    assert not turn.take(100.0, waiting=1, batches=3)
    assert not turn.take(100.25, waiting=1, batches=9)
    assert turn.take(100.5, waiting=1, batches=9)


def test_it_waits_no_longer_than_its_patience_each_time() -> None:
    turn = SealTurn()
    assert not turn.take(100.0, waiting=1, batches=1)
    assert not turn.take(100.0 + PATIENCE - 0.25, waiting=1, batches=2)
    assert turn.take(100.0 + PATIENCE, waiting=1, batches=3)
    assert not turn.take(100.25 + PATIENCE, waiting=1, batches=4)


def test_what_waits_in_memory_is_bounded() -> None:
    turn = SealTurn()
    assert not turn.take(100.0, waiting=MOST_WAITING - 1, batches=1)
    assert turn.take(100.25, waiting=MOST_WAITING, batches=2)


def test_what_is_due_because_of_its_age_does_not_wait() -> None:
    assert SealTurn().take(100.0, waiting=0, batches=1)
