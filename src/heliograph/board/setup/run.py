"""Setting one board up: look, gather what it lacks, and do the steps of its role."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from heliograph.board.facts import Facts, ask
from heliograph.board.findings import require
from heliograph.board.inventory import Board, Inventory
from heliograph.board.setup.apply import run_steps
from heliograph.board.setup.context import Context, Hub
from heliograph.board.setup.enrolling import Door, Held, enrolling, look
from heliograph.board.setup.repositories import MAKERS, Repository
from heliograph.board.setup.roles import ROLES, Role, last_removal
from heliograph.board.setup.steps import Done, State
from heliograph.board.setup.wheels import Wheel, fetch, of_file, pack_own, pinned_dependencies
from heliograph.board.ssh import Link, connect
from heliograph.errors import ConfigError

WHEELS: Final = ".heliograph/setup"
"""On the board, below the home folder of the user; /tmp would be empty after a restart."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What boards are to become, and with what."""

    role: str
    hub: Hub = field(default_factory=Hub)
    remove: bool = False
    """Take the role away instead."""
    wheel: Path | None = None
    """Our own wheel, as ``make dist`` built it; None packs what runs here."""
    cache: Path = field(default_factory=Path)
    """The folder of this laptop in which wheels are kept."""
    gathering: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    """Held by the one board for which wheels are fetched: the next finds them in the cache."""
    repositories: Mapping[str, Repository] = field(default_factory=lambda: MAKERS)
    """Where makers' packages are."""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Passwords that were asked for, by their name."""
    listen: str = ""
    """The address of the boards at which hubs and gateways are open to others; empty for themselves only."""
    door: Door | None = None
    """The hub that gives boards keys of their own; None where ``hub`` says how they log in."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of the steps on one board."""

    done: Sequence[Done]
    held: Held = field(default_factory=Held)
    """The key that a board had whose role was taken away."""

    @property
    def changed(self) -> int:
        """How many steps changed something, or would."""
        return sum(done.state in {State.CHANGED, State.WOULD} for done in self.done)

    @property
    def unchanged(self) -> int:
        """How many found all as it should be."""
        return sum(done.state is State.SAME for done in self.done)


async def set_up(
    inventory: Inventory,
    board: Board,
    wanted: Wanted,
    *,
    apply: bool,
    told: Callable[[str], None] = lambda _: None,
) -> Result:
    """Make a board what it is to be, or with ``apply`` false say what would change.

    Raises:
        BoardUnfit: the board lacks something that the role needs.
        BoardError: it cannot be reached, or a step failed.
        HubError: the hub gives the board no code.
        ConfigError: a wheel is missing here.
    """
    role = ROLES[wanted.role]
    async with connect(inventory, board) as link:
        if wanted.remove:
            return await _remove(link, role, apply=apply)
        told("looks")
        facts = await ask(link)
        require(board.name, facts, *role.needs)
        wheels: tuple[Wheel, ...] = ()
        folder = ""
        if role.extras is not None:
            told("gathers wheels")
            async with wanted.gathering:
                wheels = await _wheels(wanted, facts, board)
            folder = (await link.check('echo "$HOME"')).text + f"/{WHEELS}"
        context = Context(
            board,
            facts,
            wanted.hub,
            wheels,
            folder,
            wanted.repositories,
            wanted.secrets,
            listen=wanted.listen,
        )
        async with AsyncExitStack() as stack:
            if wanted.door is not None and role.enrols is not None:
                enrolment = await stack.enter_async_context(
                    enrolling(link, wanted.door, role.enrols, apply=apply)
                )
                context = replace(context, enrolment=enrolment)
            steps = role.steps(context)  # before anything is brought: what was asked may make no sense
            if apply and wheels:
                await _bring(link, wheels, told)
            told("sets up")
            return Result(await run_steps(link, steps, apply=apply))


async def _remove(link: Link, role: Role, *, apply: bool) -> Result:
    held = Held() if role.enrols is None else await look(link, role.enrols)
    if apply:
        await link.script(f'rm -rf "$HOME/{WHEELS}"; rmdir "$HOME/.heliograph" 2>/dev/null || true')
    return Result(await run_steps(link, [*role.removal(), last_removal()], apply=apply), held)


async def _wheels(wanted: Wanted, facts: Facts, board: Board) -> tuple[Wheel, ...]:
    role = ROLES[wanted.role]
    own = of_file(wanted.wheel) if wanted.wheel else own_wheel(wanted)
    return (own, *await fetch(pinned_dependencies(*role.extras or ()), facts, board.name, wanted.cache))


def own_wheel(wanted: Wanted) -> Wheel:
    """Pack the package that runs here, as this role needs it."""
    return pack_own(wanted.cache / "own" / wanted.role, page=ROLES[wanted.role].page)


def role_named(name: str) -> str:
    """Return the name of a role.

    Raises:
        ConfigError: there is none of this name.
    """
    if name not in ROLES:
        raise ConfigError(f"there is no role {name!r}; there are {', '.join(ROLES)}")
    return name


async def _bring(link: Link, wheels: Sequence[Wheel], told: Callable[[str], None]) -> None:
    """Put those wheels on the board that are not there whole; a cut link leaves none half."""
    there = await link.script(
        f'mkdir -p "$HOME/{WHEELS}" && cd "$HOME/{WHEELS}" && rm -f ./*.part\n'
        "sha256sum ./*.whl 2>/dev/null || true",
        shown="looking which wheels it has",
    )
    kept = {tuple(line.split("  ./", 1)) for line in there.text.splitlines()}
    missing = [wheel for wheel in wheels if (wheel.digest, wheel.path.name) not in kept]
    if not missing:
        return
    size = sum(wheel.path.stat().st_size for wheel in missing)
    told(f"gets {len(missing)} wheels, {size / 2**20:.1f} MiB")
    async with link.sftp() as files:
        for wheel in missing:
            part = f"{WHEELS}/{wheel.path.name}.part"
            await files.put(str(wheel.path), part)
            await files.posix_rename(part, f"{WHEELS}/{wheel.path.name}")
