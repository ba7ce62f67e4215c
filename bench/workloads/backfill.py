"""Boards that are offline for an hour, one in five, and then send that hour while the others go on.

Their points are an hour late at first and arrive in order, four times as fast as they were made.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from random import Random
from typing import Final

from bench.workloads.workload import SECOND_NS, Line, Workload, gather

INTERVAL_S: Final = 10
START_S: Final = 1_767_225_600  # 2026-01-01
STEPS: Final = 1_080  # three hours
OFFLINE: Final = range(360, 720)
"""The steps of the second hour."""
ONE_IN: Final = 5
CATCH_UP: Final = 4

_CLIMATE: Final = ("temperature", "humidity", "pressure", "co2")
_POWER: Final = ("voltage", "current", "charge")


def backfill(boards: int, *, seed: int = 5) -> Workload:
    """Return three hours of so many boards; those whose number is a multiple of five lose the second."""
    end_s = START_S + STEPS * INTERVAL_S
    return gather("backfill", lines(boards, seed), start_s=START_S, end_s=end_s)


def lines(boards: int, seed: int) -> Iterator[Line]:
    random = Random(seed)
    late: dict[int, deque[Line]] = {number: deque() for number in range(0, boards, ONE_IN)}
    values = [[random.uniform(10, 60) for _ in (*_CLIMATE, *_POWER)] for _ in range(boards)]
    for step in range(STEPS):
        time_ns = (START_S + step * INTERVAL_S) * SECOND_NS
        for number in range(boards):
            made = _board(number, values[number], time_ns, random)
            waiting = late.get(number)
            if waiting is None:
                yield from made
            else:
                waiting.extend(made)
                yield from _sent(waiting, step)
    for waiting in late.values():
        yield from waiting


def _sent(waiting: deque[Line], step: int) -> Iterator[Line]:
    if step in OFFLINE:
        return
    for _ in range(min(len(waiting), 2 * CATCH_UP)):
        yield waiting.popleft()


def _board(number: int, values: list[float], time_ns: int, random: Random) -> tuple[Line, Line]:
    values[:] = [value + random.uniform(-0.3, 0.3) for value in values]
    texts = [f"{value:.2f}" for value in values]
    climate = ",".join(f"{n}={v}" for n, v in zip(_CLIMATE, texts[: len(_CLIMATE)], strict=True))
    power = ",".join(f"{n}={v}" for n, v in zip(_POWER, texts[len(_CLIMATE) :], strict=True))
    host = f"host=board-{number:04d}"
    return (
        Line(f"climate,{host},room=r{number % 12} {climate} {time_ns}\n", "climate", _CLIMATE),
        Line(f"power,{host} {power} {time_ns}\n", "power", _POWER),
    )
