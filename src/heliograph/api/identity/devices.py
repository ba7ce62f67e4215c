"""Devices: each has a key of its own, of which only a hash is kept, and gets it by a single-use code."""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from heliograph.api.identity.audit import note
from heliograph.api.identity.hashing import hash_for_mosquitto, hashed
from heliograph.api.identity.topics import TopicRights, device_topics, gateway_topics
from heliograph.errors import AuthError, NotFound, NotPossible, QueryError
from heliograph.model.enrolment import key_mark, new_code
from heliograph.model.time import SECOND_NS
from heliograph.model.topic import is_device_id
from heliograph.store.database import Database

MAX_DEVICES: Final = 100_000
SHORTEST_KEY: Final = 32
LONGEST_KEY: Final = 256
_TAKEN: Final = frozenset({"hub", "guest", "system", "helio"})
"""User names at the broker that are the hub's own."""


@dataclass(frozen=True, slots=True)
class Device:
    """What is known of a device; its key is not."""

    id: str
    active: bool
    has_key: bool
    created_ns: int
    updated_ns: int
    mark: str = ""
    """Of its key, as :func:`~heliograph.model.enrolment.key_mark` makes it; empty without one."""
    is_gateway: bool = False
    """Whether it speaks for devices behind it, too."""

    @property
    def state(self) -> str:
        """``enrolled``, ``waiting`` for its key, or ``revoked``."""
        if not self.active:
            return "revoked"
        return "enrolled" if self.has_key else "waiting"


class Devices:
    """The table of devices, also held in memory. Asking waits for nothing; changes are for threads."""

    def __init__(
        self,
        database: Database,
        ended: Callable[[str], None] = lambda _: None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._ended, self._changed = ended, changed
        self._changing = threading.Lock()
        self._known: dict[str, tuple[str, Device]] = {
            id_: (
                hash_,
                Device(
                    id_, bool(active), bool(hash_), created_ns, updated_ns, key_mark(hash_), bool(gateway)
                ),
            )
            for id_, hash_, active, created_ns, updated_ns, gateway in database.rows(
                "SELECT id, hash, active, created_ns, updated_ns, gateway FROM device"
            )
        }

    def is_key(self, id_: str, key: str) -> bool:
        """Return whether this is the key of an enrolled device."""
        hash_, device = self._known.get(id_, ("", None))
        return device is not None and device.active and hmac.compare_digest(hash_, hashed(key))

    def topics(self, id_: str) -> TopicRights:
        """Return what a device may publish and subscribe to."""
        _, device = self._known.get(id_, ("", None))
        return gateway_topics(id_) if device is not None and device.is_gateway else device_topics(id_)

    def owner(self, client_id: str) -> str | None:
        """Return the device to which an MQTT client id belongs: its own id, or that and ``-`` and more.

        Of several the one with the longest id.
        """
        name = client_id
        while name not in self._known:
            name, dash, _ = name.rpartition("-")
            if not dash:
                return None
        return name

    def get(self, id_: str) -> Device:
        """Return a device.

        Raises:
            NotFound: there is none of this name.
        """
        if id_ not in self._known:
            raise NotFound("device", id_)
        return self._known[id_][1]

    def listed(self) -> list[Device]:
        """Return all devices by name."""
        return [device for _, (_, device) in sorted(self._known.items())]

    def add(self, id_: str) -> tuple[Device, str]:
        """Return a new device and its key, which nobody can ask for again.

        Raises:
            QueryError, NotPossible: the name is none, or there is such a device.
        """
        key = secrets.token_urlsafe(SHORTEST_KEY)
        with self._changing:
            if id_ in self._known and self._known[id_][1].active:
                raise NotPossible(f'there is a device "{id_}" already; helio device rotate gives a new key')
            return self._keep(self._made(id_), key, "device added"), key

    def rotate(self, id_: str) -> tuple[Device, str]:
        """Return a device and its new key; the old one ends.

        Raises:
            NotFound: there is none of this name.
        """
        key = secrets.token_urlsafe(SHORTEST_KEY)
        with self._changing:
            device = self._keep(replace(self.get(id_), active=True), key, "device rotated")
        self._ended(f"device:{id_}")
        return device, key

    def revoke(self, id_: str) -> Device:
        """Let a device in no more; its points stay, and its name stays its own. A gateway is none any more.

        Raises:
            NotFound: there is none of this name.
        """
        with self._changing:
            ended = replace(self.get(id_), active=False, is_gateway=False)  # its name may be a sensor's next
            device = self._keep(ended, "", "device revoked")
        self._ended(f"device:{id_}")
        return device

    def code(self, id_: str, seconds: float, *, is_gateway: bool = False) -> str:
        """Return a code by which a device gets its key once; a new device where there is none.

        One that is enrolled keeps its key until the code is used. With ``is_gateway`` it is a gateway from
        then on; one that is stays so.
        """
        code = new_code()
        now = time.time_ns()
        with self._changing:
            if id_ not in self._known:
                self._keep(self._made(id_), "", "device added")
            with self._database.transaction() as sql:
                sql.execute("DELETE FROM enrolment WHERE device = ? OR expires_ns < ?", (id_, now))
                row = (hashed(code), id_, now + round(seconds * SECOND_NS), "", int(is_gateway))
                sql.execute("INSERT INTO enrolment VALUES (?, ?, ?, ?, ?)", row)
                note(sql, "gateway enrolment begun" if is_gateway else "device enrolment begun", id_)
        return code

    def enrol(self, code: str, key: str) -> Device:
        """Give the device of a code this key, and use the code up.

        The same code and key once more give the same answer: the first one may have been lost on its way.

        Raises:
            AuthError: unknown, used or too old.
            QueryError: too short or too long a key.
        """
        if not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
            raise QueryError(f"a device's key has {SHORTEST_KEY} to {LONGEST_KEY} characters")
        hash_ = hashed(key)
        with self._changing:
            rows = self._database.rows(
                "SELECT device, used_by, gateway FROM enrolment WHERE hash = ? AND expires_ns > ?",
                (hashed(code), time.time_ns()),
            )
            if not rows or rows[0][1] not in ("", hash_):
                raise AuthError("this code is unknown, used or too old; helio device enrol prints a new one")
            id_ = rows[0][0]
            if rows[0][1] == hash_:
                return self.get(id_)
            old = self._known[id_]
            becomes = replace(old[1], active=True, is_gateway=old[1].is_gateway or bool(rows[0][2]))
            what = "gateway enrolled" if becomes.is_gateway else "device enrolled"
            device = self._keep(becomes, key, what, code=code)
        if old[0]:
            self._ended(f"device:{id_}")
        return device

    def _made(self, id_: str) -> Device:
        if not is_device_id(id_):
            raise QueryError(f"a device's name has 1 to 64 of A-Z a-z 0-9 _ -, {id_!r} came")
        if id_ in _TAKEN:
            raise QueryError(f'"{id_}" is a name of the hub\'s own; choose another one')
        if len(self._known) >= MAX_DEVICES:
            raise NotPossible(f"there are {MAX_DEVICES:,} devices already")
        now = time.time_ns()
        return Device(id_, active=True, has_key=False, created_ns=now, updated_ns=now)

    def mosquitto_hashes(self) -> list[tuple[str, str]]:
        """Return names and Mosquitto's hashes of all devices that have a key."""
        rows = self._database.committed("SELECT id, mosquitto FROM device WHERE active AND mosquitto != ''")
        return [(id_, kept) for id_, kept in rows]

    def _keep(self, device: Device, key: str, what: str, *, code: str | None = None) -> Device:
        hash_, mosquitto = (hashed(key), hash_for_mosquitto(key)) if key else ("", "")
        device = replace(device, has_key=bool(hash_), updated_ns=time.time_ns(), mark=key_mark(hash_))
        row = (
            *(device.id, hash_, mosquitto, int(device.active), device.created_ns, device.updated_ns),
            int(device.is_gateway),
        )
        with self._database.transaction() as sql:
            sql.execute("INSERT OR REPLACE INTO device VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            if code is not None:
                sql.execute("UPDATE enrolment SET used_by = ? WHERE hash = ?", (hash_, hashed(code)))
            if not device.active:
                sql.execute("DELETE FROM enrolment WHERE device = ?", (device.id,))
            note(sql, what, device.id)
        self._known[device.id] = hash_, device
        self._changed()
        return device
