"""The roles that a board can have, each with what it needs and the steps that it is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from heliograph.board.setup import device, edge, hub, sharing, tig
from heliograph.board.setup.context import Context
from heliograph.board.setup.enrolling import DEVICE, GATEWAY, Kind
from heliograph.board.setup.steps import KEPT, Step


@dataclass(frozen=True, slots=True)
class Role:
    """What a board can become."""

    summary: str
    steps: Callable[[Context], list[Step]]
    removal: Callable[[], list[Step]]
    extras: tuple[str, ...] | None = None
    """Extras of our package that it runs with; None where it runs nothing of ours."""
    page: bool = False
    """Whether it shows the page."""
    needs: tuple[str, ...] = ("sudo", "systemd", "disk")
    """What must not be bad, as ``doctor`` judges it."""
    enrols: Kind | None = None
    """As what it gets a key of its own at the hub; None where it needs none."""
    asks: str = ""
    """The question for a password that it needs; empty where it needs none."""


ROLES: Final[dict[str, Role]] = {
    "device": Role(
        "the agent as a service: it sends the board's figures to a hub",
        device.steps,
        device.removal,
        extras=(),
        enrols=DEVICE,
        needs=("python", "sudo", "systemd", "disk", "clock"),
    ),
    "edge": Role(
        "a gateway: it keeps what devices around it send until the hub has it",
        edge.steps,
        edge.removal,
        extras=("hub",),
        page=True,
        enrols=GATEWAY,
        needs=("python", "sudo", "systemd", "disk", "clock", "64-bit"),
    ),
    "hub": Role(
        "broker, store, API and page on the board itself",
        hub.steps,
        hub.removal,
        extras=("hub",),
        page=True,
        needs=("python", "sudo", "systemd", "disk", "clock", "64-bit"),
    ),
    "tig": Role(
        "Mosquitto, Telegraf, InfluxDB 2 and Grafana from their makers, connected",
        tig.steps,
        tig.removal,
        needs=("python", "sudo", "systemd", "disk", "clock", "64-bit"),
    ),
    "samba": Role(
        "the user's home folder as a share in the network",
        sharing.samba_steps,
        sharing.samba_removal,
        asks="A password for the share, for a user who has none there yet: ",
    ),
    "xrdp": Role("a remote desktop, reached through SSH", sharing.xrdp_steps, sharing.xrdp_removal),
}


def last_removal() -> Step:
    """Return the step that takes away what we remember on the board, once nothing of ours is left there."""
    return Step(
        "nothing remembered",
        f"[ ! -d {KEPT} ] || ls {KEPT}/* >/dev/null 2>&1",
        f"rmdir {KEPT} 2>/dev/null || true\nrmdir /etc/heliograph 2>/dev/null || true",
    )
