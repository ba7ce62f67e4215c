"""Host keys: pinned by the board's name, in a file of our own that OpenSSH can read too.

A pin belongs to the name and not to the address, since addresses move. With OpenSSH the same file serves as
``ssh -o UserKnownHostsFile=FILE -o HostKeyAlias=lab1 pi@ADDRESS``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from pathlib import Path

from heliograph.board.inventory import write_private
from heliograph.errors import ConfigError


@dataclass(frozen=True, slots=True)
class HostKey:
    """A public host key, as a line of OpenSSH has it."""

    kind: str
    """Its algorithm, such as ``ssh-ed25519``."""
    blob: str
    """The key itself in base64."""

    @property
    def fingerprint(self) -> str:
        """``SHA256:…``, as ``ssh-keygen -l`` shows it."""
        digest = hashlib.sha256(base64.b64decode(self.blob)).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")

    @property
    def line(self) -> str:
        """The key without a name or comment."""
        return f"{self.kind} {self.blob}"

    @classmethod
    def parse(cls, text: str) -> HostKey:
        """Return the key of ``ssh-ed25519 AAAA… comment``.

        Raises:
            ConfigError: it is none.
        """
        words = text.split()
        try:
            base64.b64decode(words[1], validate=True)
        except (IndexError, binascii.Error) as error:
            raise ConfigError(f"expected a public key as ssh-ed25519 AAAA…, got {text[:60]!r}") from error
        return cls(words[0], words[1])


class Pins:
    """The pinned host key of each board, in ``known_hosts``."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, name: str) -> HostKey | None:
        """Return the key that is pinned for a board, or None.

        Raises:
            ConfigError: the file cannot be read or is damaged.
        """
        return self._read().get(name)

    def pin(self, name: str, key: HostKey) -> None:
        """Trust this key for this board from now on, instead of another one."""
        self._write(self._read() | {name: key})

    def forget(self, name: str) -> None:
        """Trust no key for this board any more."""
        pinned = self._read()
        if pinned.pop(name, None):
            self._write(pinned)

    def _read(self) -> dict[str, HostKey]:
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"cannot be read: {error}", path=self.path) from error
        pinned = {}
        for number, line in enumerate(text.splitlines(), 1):
            name, _, key = line.strip().partition(" ")
            if not name or name.startswith("#"):
                continue
            try:
                pinned[name] = HostKey.parse(key)
            except ConfigError as error:
                raise ConfigError(f"{error}", path=self.path, line=number) from error
        return pinned

    def _write(self, pinned: dict[str, HostKey]) -> None:
        write_private(self.path, "".join(f"{name} {key.line}\n" for name, key in pinned.items()))
