"""A board's own key, as a device or a gateway: whether its hub knows it, and how the board gets one.

::

    laptop ──"a code for lab1"──▶ hub                    (the laptop's login)
    laptop ──code, by SSH──▶ board ──key and code──▶ hub (the hub proves itself by the code's fingerprint)
"""

from __future__ import annotations

import asyncio
import json
import shlex
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from heliograph.board.setup.steps import KEPT, Step
from heliograph.board.ssh import LOOPBACK, Link
from heliograph.errors import BoardUnfit
from heliograph.model.enrolment import NO_FINGERPRINT, key_mark, short_fingerprint
from heliograph.model.topic import device_id

FOLDER: Final = "/etc/heliograph"
LINKED_GATEWAY_PORT: Final = 1884
"""Where helio board link brings a hub to a gateway, whose own broker is at 1883."""
_LOOK: Final = """
import hashlib, json, os, sys
try:
    kept = json.load(open(sys.argv[1]))
    kept["key"] = hashlib.sha256(kept["key"].encode()).hexdigest()
except (OSError, ValueError, KeyError, TypeError, AttributeError):
    kept = {}
print(json.dumps({"kept": kept, "is_other": os.path.exists(sys.argv[2])}))
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a board is to its hub."""

    role: str
    command: str
    """By which it enrols: ``helio COMMAND enrol``."""
    file_name: str
    is_gateway: bool = False

    @property
    def file(self) -> str:
        """Where its key is; root alone may read it."""
        return f"{FOLDER}/{self.file_name}"

    @property
    def other(self) -> Kind:
        """What it cannot be as well: a name has one key."""
        return DEVICE if self.is_gateway else GATEWAY


DEVICE: Final = Kind("device", "agent", "agent.json")
GATEWAY: Final = Kind("edge", "edge", "edge.json", is_gateway=True)


@dataclass(frozen=True, slots=True)
class Held:
    """What a board has: who it is, where, and the mark of its key. All empty if it was never enrolled."""

    device: str = ""
    host: str = ""
    port: int = 0
    tls: bool = False
    fingerprint: str = NO_FINGERPRINT
    mark: str = ""
    is_other: bool = False
    """Whether it has a key of the other kind."""


@dataclass(frozen=True, slots=True)
class Door:
    """A hub as the laptop knows it, by the laptop's login."""

    url: str
    """The address that boards are told."""
    mqtt_port: int
    tls: bool
    fingerprint: str
    local_port: int
    """Its HTTP port on this laptop, for a hub that listens here only."""
    devices: Mapping[str, tuple[str, str]]
    """Of each device its state and the mark of its key."""
    code: Callable[[str, Kind], str]
    """Asks the hub for the code of a device or a gateway; it waits, so it is for threads."""

    @property
    def host(self) -> str:
        """Who boards connect to."""
        return urlsplit(self.url).hostname or ""

    @property
    def is_local(self) -> bool:
        """Whether boards reach it through this laptop only."""
        return self.host in ("localhost", "::1") or self.host.startswith("127.")

    def port_for(self, kind: Kind) -> int:
        """Return the port of MQTT that boards of a kind connect to."""
        return LINKED_GATEWAY_PORT if self.is_local and kind.is_gateway else self.mqtt_port

    def why_anew(self, device: str, held: Held, kind: Kind = DEVICE) -> str:
        """Return why a board must get another key; empty if the hub knows the one that it has."""
        state, mark = self.devices.get(device, ("", ""))
        if not held.device:
            known = state == "enrolled"
            end = f"; the one that the hub knows for {device} ends" if known else ""
            return f"it gets a key of its own from the hub at {self.url}{end}"
        if held.device != device:
            return f"it was {held.device} and becomes {device} of the hub at {self.url}"
        if (held.host, held.port, held.tls, held.fingerprint) != (
            self.host,
            self.port_for(kind),
            self.tls,
            self.fingerprint,
        ):
            return f"it belongs to {held.host}:{held.port} and gets a key of the hub at {self.url}"
        if state == "revoked":
            return f"the hub lets {device} in no more; it gets another key"
        if mark != held.mark:
            return f"the hub does not know its key; it gets another one, and the hub's one for {device} ends"
        return ""


@dataclass(frozen=True, slots=True)
class Enrolling:
    """What the step needs: who the board is to be, why, and the way to the hub."""

    device: str
    reason: str
    """Empty if its key is good."""
    url: str = ""
    code: str = ""
    port: int = 0
    """Where the hub's broker is for it; 0 where the hub says."""


async def look(link: Link, kind: Kind) -> Held:
    """Return what a board has; its key stays there."""
    ask = f"python3 - {kind.file} {kind.other.file}"
    done = await link.script(ask, stdin=_LOOK.encode(), root=True, shown="looking for its key")
    found = json.loads(done.text)
    kept, is_other = found["kept"], bool(found["is_other"])
    try:
        ca = kept["ca"]
        fingerprint = short_fingerprint(ssl.PEM_cert_to_DER_cert(ca)) if ca else NO_FINGERPRINT
        mark = key_mark(kept["key"])
        return Held(kept["device"], kept["host"], kept["port"], kept["tls"], fingerprint, mark, is_other)
    except (KeyError, ValueError):  # never enrolled, or by something that is not ours
        return Held(is_other=is_other)


@asynccontextmanager
async def enrolling(link: Link, door: Door, kind: Kind, *, apply: bool) -> AsyncIterator[Enrolling]:
    """Find out whether a board needs a key, and with ``apply`` have a code and the way to the hub ready.

    Raises:
        BoardUnfit: it is of the other kind.
        HubError: the hub gives no code.
        TopicError: no device can have the board's name.
    """
    device = device_id(link.board.name)
    held = await look(link, kind)
    if held.is_other:
        name, role = link.board.name, kind.other.role
        advice = f"helio board setup {role} {name} --remove takes that away first"
        raise BoardUnfit(name, f"it has the role {role} already, and a board has one key at the hub", advice)
    reason = door.why_anew(device, held, kind)
    if not reason or not apply:
        yield Enrolling(device, reason)
        return
    code = await asyncio.to_thread(door.code, device, kind)
    if not door.is_local:
        yield Enrolling(device, reason, door.url, code)
        return
    async with link.forward_from_board(door.local_port) as port:
        broker_port = door.port_for(kind) if kind.is_gateway else 0
        yield Enrolling(device, reason, f"http://{LOOPBACK}:{port}", code, broker_port)


def enrolled(kind: Kind, wanted: Enrolling, helio: str, unit: str) -> Step:
    """Return the step after which the board has a key that the hub knows; its service then starts anew."""
    # A hub without TLS was opened so by somebody who wanted it, and told what that means.
    options = " --insecure" if wanted.url.startswith("http:") else ""
    options += f" --hub-port {wanted.port}" if wanted.port else ""
    ask = f"HELIO_HOME={FOLDER} {helio} {kind.command} enrol{options} {shlex.quote(wanted.url)} -"
    return Step(
        f"enrolled as {'the gateway ' if kind.is_gateway else ''}{wanted.device}",
        "false" if wanted.reason else f"[ -s {kind.file} ]",
        # On the input: a code on a command line is one that others on the board see, too.
        f"{ask} <<'END'\n{wanted.code}\nEND\nrm -f {KEPT}/{unit}.loaded",
        f"echo {shlex.quote(wanted.reason)}",
    )
