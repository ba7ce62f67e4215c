"""The agent's parts that need no network: schedule, buffer, encoder, running input, settings, backoff."""

from __future__ import annotations

import logging
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.agent.running_input import RunningInput
from heliograph.agent.schedule import Schedule
from heliograph.agent.settings import AgentSettings
from heliograph.aio.backoff import Backoff
from heliograph.codec.batches import MAX_BATCH_BYTES, BatchEncoder
from heliograph.errors import ConfigError, TopicError
from heliograph.model.point import Point
from heliograph.transport.mqtt import MAX_PAYLOAD_BYTES


class Wall:
    """A wall clock that stands where it is put."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def upper(low: float, high: float) -> float:
    assert low == 0.0
    return high


# --- schedule --------------------------------------------------------------------------------------


def test_the_first_round_is_due_at_once_and_the_second_a_second_later() -> None:
    schedule = Schedule(10.0, wall=Wall(1003.0))
    assert [schedule.next_delay(), schedule.next_delay()] == [0.0, 1.0]


def test_later_rounds_stand_at_multiples_of_the_interval() -> None:
    wall = Wall(1004.0)
    schedule = Schedule(10.0, wall=wall)
    schedule.next_delay()
    schedule.next_delay()
    assert schedule.next_delay() == pytest.approx(6.0)
    wall.now = 1010.2  # the round took a while
    assert schedule.next_delay() == pytest.approx(9.8)


def test_a_timer_that_is_early_by_a_hair_makes_no_second_round() -> None:
    wall = Wall(1004.0)
    schedule = Schedule(10.0, wall=wall)
    for _ in range(3):
        schedule.next_delay()
    wall.now = 1009.9995
    assert schedule.next_delay() == pytest.approx(10.0005)


def test_jitter_is_added_to_aligned_rounds_only() -> None:
    schedule = Schedule(10.0, 3.0, wall=Wall(1004.0), uniform=upper)
    assert [schedule.next_delay() for _ in range(3)] == pytest.approx([0.0, 1.0, 9.0])


def test_a_clock_set_back_does_not_stop_the_rounds() -> None:
    wall = Wall(5000.0)
    schedule = Schedule(10.0, wall=wall)
    for _ in range(3):
        schedule.next_delay()
    wall.now = 1000.0
    assert 0.0 < schedule.next_delay() <= 10.0


@given(st.floats(0.0, 4e9), st.floats(1.0, 3600.0))
def test_a_delay_is_never_negative_nor_longer_than_two_intervals(now: float, interval: float) -> None:
    schedule = Schedule(interval, wall=Wall(now))
    for _ in range(5):
        assert 0.0 <= schedule.next_delay() <= 2 * interval + 1e-3


# --- backoff ---------------------------------------------------------------------------------------


def test_the_bound_doubles_up_to_the_longest_and_starts_again() -> None:
    backoff = Backoff(0.5, 4.0, uniform=upper)
    assert [backoff.next() for _ in range(5)] == [0.5, 1.0, 2.0, 4.0, 4.0]
    backoff.reset()
    assert (backoff.failures, backoff.next()) == (0, 0.5)


def test_what_worked_for_a_moment_lets_the_next_delays_be_short_again() -> None:
    backoff = Backoff(0.5, 60.0, uniform=upper)
    assert [backoff.next() for _ in range(7)] == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0]
    backoff.ease(2.0)
    assert [backoff.next() for _ in range(2)] == [2.0, 4.0]
    backoff.reset()
    backoff.ease(2.0)
    assert [backoff.next() for _ in range(2)] == [0.5, 1.0], "what is short already stays"
    backoff.ease(0.1)
    assert backoff.next() == 0.5, "no bound is below the first"
    for _ in range(2_000):
        backoff.next()
    backoff.ease(3.0)
    assert backoff.next() == 2.0


def test_no_delay_is_shorter_than_the_shortest() -> None:
    assert Backoff(uniform=lambda low, _: low).next() == 0.05


def test_many_failures_do_not_overflow() -> None:
    backoff = Backoff(1.0, 60.0, uniform=upper)
    assert [backoff.next() for _ in range(2000)][-1] == 60.0


# --- encoder ---------------------------------------------------------------------------------------


def test_a_batch_begins_with_its_mark_and_ends_with_a_newline() -> None:
    encoder = BatchEncoder(boot="0a1b2c3d")
    point = Point("m", {"v": 1}, {"host": "pi"}, 5)
    assert encoder.encode([point]) == [b"#helio boot=0a1b2c3d seq=1\nm,host=pi v=1i 5\n"]
    assert encoder.encode([point])[0].startswith(b"#helio boot=0a1b2c3d seq=2\n")


def test_each_start_has_its_own_boot_of_eight_hexadecimal_digits() -> None:
    boots = {BatchEncoder().boot for _ in range(20)}
    assert len(boots) == 20
    assert all(len(boot) == 8 and int(boot, 16) >= 0 for boot in boots)


def test_no_points_make_no_batch_and_use_no_number() -> None:
    encoder = BatchEncoder()
    assert encoder.encode([]) == []
    assert b" seq=1\n" in encoder.encode([Point("m", {"v": 1}, {}, 1)])[0]


def test_many_points_become_several_numbered_batches() -> None:
    points = [Point("m", {"text": "x" * 1000}, {}, time_ns) for time_ns in range(600)]
    batches = BatchEncoder().encode(points)
    assert len(batches) == 3
    assert all(len(batch) <= MAX_BATCH_BYTES + 64 for batch in batches)
    assert [batch.split(b"seq=")[1].split(b"\n")[0] for batch in batches] == [b"1", b"2", b"3"]
    assert sum(batch.count(b"\nm ") for batch in batches) == 600


def test_a_point_that_line_protocol_cannot_carry_is_counted_and_left_out() -> None:
    encoder = BatchEncoder()
    batches = encoder.encode([Point("bad", {"v": math.nan}, {}, 1), Point("good", {"v": 1.5}, {}, 1)])
    assert b"good v=1.5 1\n" in batches[0]
    assert b"\nbad" not in batches[0]  # the boot mark is hexadecimal, and may spell it
    assert encoder.refused == 1


# --- running input ---------------------------------------------------------------------------------


class Scripted:
    """An input that gives what it is told, one entry per round."""

    def __init__(self, *rounds: list[Point] | Exception) -> None:
        self._rounds = list(rounds)

    def gather(self) -> list[Point]:
        now = self._rounds.pop(0)
        if isinstance(now, Exception):
            raise now
        return now


def test_tags_and_time_are_added_where_they_are_missing() -> None:
    points = [Point("m", {"v": 1}, {"host": "own"}), Point("m", {"v": 2}, {}, 7)]
    gathered = RunningInput("m", Scripted(points)).gather({"host": "pi", "room": "lab"}, 99)
    assert gathered == [
        Point("m", {"v": 1}, {"host": "own", "room": "lab"}, 99),
        Point("m", {"v": 2}, {"host": "pi", "room": "lab"}, 7),
    ]


def test_a_failing_input_is_counted_each_round_and_logged_per_change(
    caplog: pytest.LogCaptureFixture,
) -> None:
    good = [Point("m", {"v": 1}, {})]
    scripted = Scripted(OSError("gone"), OSError("gone"), ValueError("odd"), good, OSError("gone"))
    running = RunningInput("m", scripted)
    with caplog.at_level(logging.INFO):
        counts = [len(running.gather({}, 1)) for _ in range(5)]
    assert counts == [0, 0, 0, 1, 0]
    assert (running.statistics.errors, running.statistics.gathered) == (4, 1)
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING", "INFO", "WARNING"]


def test_an_input_without_its_hardware_is_counted_and_never_logged(caplog: pytest.LogCaptureFixture) -> None:
    running = RunningInput("gpu_temperature", Scripted([], [], []))
    with caplog.at_level(logging.DEBUG):
        for _ in range(3):
            running.gather({}, 1)
    assert running.statistics.empty == 3
    assert not caplog.records


# --- settings --------------------------------------------------------------------------------------


def test_the_device_is_made_from_the_host_name() -> None:
    settings = AgentSettings(host_name="pi.kitchen")
    assert (settings.host, settings.device) == ("pi.kitchen", "pi-kitchen")


def test_a_host_name_of_which_nothing_is_left_is_an_error() -> None:
    with pytest.raises(TopicError, match="no device id"):
        _ = AgentSettings(host_name="...").device


@pytest.mark.parametrize(
    ("key", "settings"),
    [
        ("agent.interval", {"interval": 0.5}),
        ("agent.interval", {"interval": math.nan}),
        ("agent.jitter", {"jitter": 10.0}),
        ("agent.jitter", {"jitter": -1.0}),
    ],
)
def test_values_out_of_range_name_their_key(key: str, settings: dict[str, float]) -> None:
    with pytest.raises(ConfigError) as raised:
        AgentSettings(**settings)  # type: ignore[arg-type]
    assert raised.value.key == key


def test_a_point_that_is_too_large_for_a_message_is_counted_and_left_out() -> None:
    encoder = BatchEncoder()
    texts = ("x" * 2_000_000, "y" * 900_000, "z")
    batches = encoder.encode([Point(text[0], {"v": text}, {}, 1) for text in texts])
    assert [batch.split(b"\n")[1][:1] for batch in batches] == [b"y", b"z"]
    assert all(len(batch) <= MAX_PAYLOAD_BYTES for batch in batches)
    assert encoder.refused == 1
