"""What a gateway tells of itself: what waits there, how fast it goes on, and what somebody should look at."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from heliograph.hub.uplink.lane import Lane
from heliograph.stream.log import StreamLog

MOST_DEVICES: Final = 10_000
"""Devices whose commands are asked for; names come from topics, of which there may be any number."""
_SHORTEST: Final = 5.0
_NS_PER_MS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Backlog:
    """Messages that the hub does not have yet."""

    messages: int = 0
    size_bytes: int = 0
    """About: a stream tells how large it is as a whole."""
    oldest_ms: int | None = None
    """When the one came that waits longest (ms since 1970 UTC); None where none waits."""


async def backlog(stream: StreamLog, lanes: Sequence[Lane]) -> Backlog:
    """Return what waits in all streams.

    Raises:
        StreamError: nats-server does not answer.
    """
    messages, size_bytes = 0, 0
    oldest: list[int] = []
    for lane in lanes:
        state = await stream.state(lane.name)
        read_to = max(lane.place.read_to, lane.place.seq, state.first_seq - 1)
        waiting = max(0, state.last_seq - read_to)
        if not waiting:
            continue
        messages += waiting
        size_bytes += state.size_bytes * waiting // (state.last_seq - state.first_seq + 1)
        first = await stream.get(lane.name, read_to + 1)
        if first is not None:
            oldest.append(first.time_ns // _NS_PER_MS)
    return Backlog(messages, size_bytes, min(oldest, default=None))


class Rate:
    """How many a second, of something that is counted.

    Args:
        clock: returns monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: tuple[float, int] | None = None
        self.per_second = 0.0
        """Between the last two counts that were taken."""

    def take(self, count: int) -> None:
        """Take a count, unless the one before it was taken a moment ago."""
        now = self._clock()
        if self._last is None:
            self._last = now, count
            return
        began, before = self._last
        if now - began >= _SHORTEST:
            self.per_second = round((count - before) / (now - began), 1)
            self._last = now, count


def warnings(report: Mapping[str, Any]) -> list[str]:
    """Return what the operator of the gateway should know."""
    told = []
    if not report["connected"]:
        told.append(
            f"the hub is away ({report['trouble'] or 'not connected'});"
            f" messages that wait for it here: {report['waiting']:,}"
        )
    if report["missed"]:
        told.append(
            f"{report['missed']:,} messages never came to the hub: the stream was full before it was back;"
            " raise stream.max_bytes"
        )
    if report["refused"]:
        told.append(
            f"{report['refused']:,} messages stay here: the hub would not take them, the log says why"
        )
    if report["commands_refused"]:
        told.append(
            f"{report['commands_refused']:,} commands of the hub were left out: this broker would not take"
            " them, the log says why"
        )
    if report["rules"]["error"]:
        told.append(f"the rules that the hub sent make no sense, others hold: {report['rules']['error']}")
    if report["unheard"]:
        told.append(
            f"there are over {MOST_DEVICES:,} names of devices here: commands come for the first ones only"
        )
    return told
