"""What the MQTT bench makes of what its clients print."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from heliograph.cli.mqtt.bench import Load
from heliograph.cli.mqtt.bench_mosquitto import Heard
from heliograph.cli.mqtt.bench_worker import errors_alone
from heliograph.errors import Unreachable

LINES = """\
1795436789.000000001 w
1795436789.000000002 b
1795436789.000000003 b
1795436790.000002000 1795436790000000000 xx
1795436790.000004000 1795436790000001000 xx
"""


def load(*, publishers: int = 2, count: int = 2, rate: float = 0.0) -> Load:
    return Load("t", publishers, 1, count, 20, 1, rate, 20)


@asynccontextmanager
async def printing(text: str) -> AsyncIterator[Process]:
    """Run a process that prints what mosquitto_sub would."""
    process = await asyncio.create_subprocess_exec("printf", "%s", text, stdin=PIPE, stdout=PIPE)
    yield process
    assert process.stdin is not None
    process.stdin.close()
    assert await process.wait() == 0


async def test_only_what_follows_the_first_lines_of_all_publishers_is_measured() -> None:
    async with printing(LINES) as process:
        heard = Heard([process], load())
        figures = await heard.result()
        await heard.began()
    assert figures == {"received": 2, "seconds": 0.000004, "latencies_us": {2: 1, 3: 1}}


async def test_a_subscriber_that_ends_early_ends_the_measurement() -> None:
    async with printing(LINES) as process:
        figures = await Heard([process], load(count=3)).result()
    assert figures["received"] == 2


def test_slow_messages_are_waited_for() -> None:
    assert load(rate=0.1, publishers=1).quiet_s == load().quiet_s + 10


def test_an_error_of_several_tasks_is_told_by_itself() -> None:
    async def failing() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(asyncio.Event().wait())
            raise Unreachable("localhost", "nobody is there")

    with pytest.raises(Unreachable, match="nobody is there"), errors_alone():
        asyncio.run(failing())
    with pytest.raises(ExceptionGroup), errors_alone():
        raise ExceptionGroup("others", [ValueError()])
