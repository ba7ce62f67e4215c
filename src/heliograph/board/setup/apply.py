"""Running steps on a board: plan, or plan and change, in one round trip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from heliograph.board.setup.steps import Answers, Done, State, Step, script
from heliograph.board.ssh import Link
from heliograph.errors import BoardError, RemoteCommandFailed

_NOTHING: Final[Callable[[Done], None]] = lambda _: None  # noqa: E731


async def run_steps(
    link: Link, steps: Sequence[Step], *, apply: bool, told: Callable[[Done], None] = _NOTHING
) -> list[Done]:
    """Do the steps, or say what they would do, and return what became of each.

    When the connection breaks, what began goes on to its end on the board; doing it all again is safe.

    Args:
        link: to the board.
        steps: in their order.
        apply: change what is not so yet; otherwise only look.
        told: is called with each step as it ends.

    Raises:
        BoardUnreachable: the connection broke.
        BoardError: a step failed, or the board cannot run the script at all.
    """
    answers = Answers(steps)
    command = "sh -s" if link.board.user == "root" else "sudo -n sh -s"
    async with link.process(command) as process:
        with suppress(BrokenPipeError):  # it has ended already: why stands in what it said
            process.stdin.write(script(steps, apply=apply).encode())
            process.stdin.write_eof()
        async for line in process.stdout:
            if done := answers.take(line.decode(errors="replace").rstrip("\n")):
                told(done)
        complaint = (await process.stderr.read()).decode(errors="replace").strip()
        ended = await process.wait()
    if ended.exit_status or not answers.done:
        status = -1 if ended.exit_status is None else ended.exit_status
        raise RemoteCommandFailed(link.board.name, command, status, complaint)
    last = answers.done[-1]
    if last.state is State.FAILED:
        words = "\n  ".join(last.lines)
        raise BoardError(link.board.name, f"{last.step.title} failed:\n  {words}")
    return answers.done
