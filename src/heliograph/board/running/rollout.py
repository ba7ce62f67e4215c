"""A new version on one board: sync, start as a service, see whether it is well, or else the old one again."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass

from heliograph.board.running import service
from heliograph.board.running.environment import ensure_environment
from heliograph.board.running.health import must_be_healthy
from heliograph.board.running.work import Work
from heliograph.errors import BoardError, BoardUnreachable, Error


@dataclass(frozen=True, slots=True)
class RolledOut:
    """The versions before and after; the one before is 0 where the app was not there yet."""

    before: int
    version: int


@dataclass(frozen=True, slots=True)
class _Before:
    """What to return to."""

    version: int
    unit: str
    """The text of its unit; empty where it was no service."""
    environment: str
    """Where the app's environment leads to; empty where there was none."""


async def roll_out(work: Work, told: Callable[[str], None] = lambda _: None) -> RolledOut:
    """Make the project's newest version the board's service, and return when it is well.

    On cancellation the board keeps what it has at that moment.

    Raises:
        BoardError: it is not well, and what was there before runs again.
        NotPython: a file that Python would refuse; nothing was changed.
        BoardUnreachable: the connection broke; the new version may be in place.
    """
    await service.must_have_systemd(work.link, await work.spec())
    before = await _look(work)
    synced = await work.syncing.all()
    try:
        await ensure_environment(work, told=told)
        await service.install(work, await work.spec())
        told(f"version {synced.version} runs; looking whether it is well")
        await must_be_healthy(work, work.project.health)
    except BoardUnreachable:
        raise
    except Error as error:
        reason = error.reason if isinstance(error, BoardError) else str(error)
        raise BoardError(work.board.name, f"{reason}\n{await _return(work, before)}") from error
    return RolledOut(before.version, synced.version)


async def _look(work: Work) -> _Before:
    path = f"{service.FOLDER}/{service.unit_name(work.project.name)}"
    unit = await work.link.run(f"cat {path}")
    link = await work.link.run(f"readlink {shlex.quote(work.session.base)}/venv")
    return _Before(work.session.version, unit.stdout.decode(errors="replace"), link.text)


async def _return(work: Work, before: _Before) -> str:
    """Put back what was there, and return what that is."""
    failed = work.session.version
    if before.version and failed != before.version:
        await work.session.rollback(before.version)
    if before.environment:
        link = shlex.quote(f"{work.session.base}/venv")
        await work.link.check(f"ln -sfn {shlex.quote(before.environment)} {link}")
    if not before.unit:
        await service.remove(work.link, work.project.name)
        return "  it is no service there, as before"
    await service.put(work.link, work.project.name, before.unit)
    return f"  version {before.version} runs there again"
