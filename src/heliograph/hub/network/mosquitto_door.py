"""The door of a Mosquitto that the hub started: its files of passwords and rights, written at each change."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from heliograph.api.identity.hashing import hash_for_mosquitto
from heliograph.api.identity.identities import OPERATOR, Identities
from heliograph.api.identity.mqtt_login import HUB
from heliograph.api.identity.topics import ALL_TOPICS, TopicRights
from heliograph.broker.mosquitto import Mosquitto, MosquittoPlan

log = logging.getLogger(__name__)

LOOK_EVERY: Final = 15.0
"""Seconds after which a token that ended by itself is noticed."""


class MosquittoDoor:
    """Tells Mosquitto who may come in, for as long as :meth:`serve` runs.

    A user of it is a device's name, a token's id, or ``operator``, with the key or token as password. It does
    not bind client ids to them.
    """

    def __init__(self, broker: Mosquitto, identities: Identities, own_secret: str) -> None:
        self._broker, self._identities = broker, identities
        self._fixed = [
            (HUB, hash_for_mosquitto(own_secret), ALL_TOPICS),
            (OPERATOR, hash_for_mosquitto(identities.token), ALL_TOPICS),
        ]
        self._written = ("", "")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting = asyncio.Event()
        self.ready = asyncio.Event()
        """Set when everybody who may is known to the broker."""

    async def serve(self) -> None:
        """Do the work until cancelled."""
        self._loop = asyncio.get_running_loop()
        while True:
            await asyncio.to_thread(self._write)
            self.ready.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY):
                    await self._waiting.wait()
            self._waiting.clear()

    def end(self, identity: str) -> None:  # noqa: ARG002 - all are written, whoever it is about
        """Cut whoever is connected under an identity; from any thread, returns at once."""
        self.look()

    def look(self) -> None:
        """Write the files anew if they are others now; from any thread, returns at once."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._waiting.set)

    def _write(self) -> None:
        identities = self._identities
        known = identities.devices
        devices = [(name, kept, known.topics(name)) for name, kept in known.mosquitto_hashes()]
        tokens = [(token.id, kept, token.topics) for token, kept in identities.tokens.mosquitto_hashes()]
        text = files([*self._fixed, *devices, *tokens])
        if text != self._written:
            write_files(self._broker.plan, *text)
            self._written = text
            self._broker.reload()


def first_files(plan: MosquittoPlan, own_secret: str) -> None:
    """Write files that let in the hub alone, for the start."""
    plan.folder.mkdir(mode=0o700, exist_ok=True)
    write_files(plan, *files([(HUB, hash_for_mosquitto(own_secret), ALL_TOPICS)]))


def files(logins: Iterable[tuple[str, str, TopicRights]]) -> tuple[str, str]:
    """Return the texts of the files of passwords and of rights."""
    passwords, rights = [], []
    for name, kept, topics in logins:
        passwords.append(f"{name}:{kept}\n")
        lines = [f"topic write {each}" for each in topics.publish]
        lines += [f"topic read {each}" for each in topics.subscribe]
        rights.append("\n".join([f"user {name}", *lines, "", ""]))
    return "".join(passwords), "".join(rights)


def write_files(plan: MosquittoPlan, passwords: str, rights: str) -> None:
    """Write both files, each whole or not at all."""
    for path, text in ((plan.rights_path, rights), (plan.password_path, passwords)):
        _replace(path, text)


def _replace(path: Path, text: str) -> None:
    temporary = path.with_suffix(".tmp")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    temporary.replace(path)
