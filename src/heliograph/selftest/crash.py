"""The crash test: load, kills at random moments, and then the count.

Nothing of the user's is touched: the hub works in a temporary folder on free ports. Points are taken as
the outside sees them: acknowledged by PUBACK or 204, found again by SQL.
"""

from __future__ import annotations

import asyncio
import math
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from heliograph.errors import HubError
from heliograph.selftest.count import Count, count
from heliograph.selftest.hub_child import HubChild
from heliograph.selftest.kills import KILLS
from heliograph.selftest.load import Writer, writing

RECOVERY_LIMIT: Final = 60.0
_SHORTEST: Final = 0.1
_POLL: Final = 0.005
SETTINGS: Final = ("store.seal_rows=5000", "store.seal_interval=1s")
"""So that there are seals to be killed in."""


@dataclass(frozen=True, slots=True)
class CrashPlan:
    """How a crash test goes."""

    rounds: int
    seconds: float
    """The longest time under load before each kill."""
    seed: int


@dataclass(slots=True)
class Outcome:
    """What came of a crash test."""

    count: Count = field(default_factory=Count)
    recoveries: list[float] = field(default_factory=list)
    """Seconds from each kill until all ways acknowledged something sent after it."""

    @property
    def recovery_p99(self) -> float:
        """The recovery time that 99 of 100 do not exceed, in seconds."""
        ranked = sorted(self.recoveries)
        return ranked[math.ceil(0.99 * len(ranked)) - 1] if ranked else 0.0

    def line(self) -> str:
        """Return the figures in one line."""
        found = self.count
        return (
            f"acked={found.acknowledged} missing={found.missing} duplicated={found.duplicated}"
            f" recovery_p99={self.recovery_p99:.2f}s"
        )


async def crash_test(plan: CrashPlan, tell: Callable[[str], None]) -> Outcome:
    """Run a crash test; ``tell`` gets a sentence about each step.

    The folder is removed at the end, on cancellation too, unless something was found wrong in it.

    Raises:
        HubError: the hub does not come back, or does not answer.
    """
    folder = Path(tempfile.mkdtemp(prefix="helio-selftest-"))
    keep = True
    try:
        outcome = await _in_folder(plan, folder, tell)
        keep = not outcome.count.is_right
    except BaseExceptionGroup as group:
        raise _first(group) from group
    except (asyncio.CancelledError, KeyboardInterrupt):
        keep = False
        raise
    finally:
        if keep:
            tell(f"the data folder is kept for a closer look: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return outcome


async def _in_folder(plan: CrashPlan, folder: Path, tell: Callable[[str], None]) -> Outcome:
    chance = random.Random(plan.seed)  # noqa: S311 - nothing secret
    hub = await HubChild.start(folder / "home", SETTINGS, chance)
    async with asyncio.TaskGroup() as group:
        group.create_task(hub.keep(), name="hub")
        try:
            return await _with_hub(plan, hub, chance, tell)
        finally:
            await hub.stop()


async def _with_hub(
    plan: CrashPlan, hub: HubChild, chance: random.Random, tell: Callable[[str], None]
) -> Outcome:
    outcome = Outcome()
    await hub.ready()
    async with writing(hub) as writers:
        for number in range(1, plan.rounds + 1):
            await asyncio.sleep(chance.uniform(_SHORTEST, max(_SHORTEST, plan.seconds)))
            name = chance.choice(list(KILLS))
            await KILLS[name](hub, chance)
            took = await _recovery(hub, writers, name)
            outcome.recoveries.append(took)
            points = sum(writer.points for writer in writers)
            tell(
                f"round {number} of {plan.rounds}: killed {name}, back after {took:.2f} s, {points:,} points"
            )
    tell("counting")
    outcome.count = await count(await hub.ready(), writers)
    if outcome.count.is_right:
        tell("counting again after a restart")
        await hub.restart()
        outcome.count = await count(await hub.ready(), writers)
    return outcome


async def _recovery(hub: HubChild, writers: Sequence[Writer], name: str) -> float:
    """Wait until every writer got an acknowledgement for something it sent after the kill."""
    killed = time.monotonic()
    while any(writer.sent_at <= killed for writer in writers):
        if time.monotonic() > killed + RECOVERY_LIMIT:
            silent = ", ".join(writer.name for writer in writers if writer.sent_at <= killed)
            raise HubError(
                hub.url,
                f"{RECOVERY_LIMIT:.0f} s after {name} was killed nothing is acknowledged to {silent}\n"
                f"{hub.last_words}",
            )
        await asyncio.sleep(_POLL)
    return time.monotonic() - killed


def _first(error: BaseException) -> BaseException:
    """Return what went wrong first: the tasks beside it were only cancelled for it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
