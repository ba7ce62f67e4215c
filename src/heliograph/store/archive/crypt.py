"""A backup behind a passphrase: scrypt makes the key, ChaCha20-Poly1305 seals one piece after the other.

Each piece is sealed with its number and whether it is the last one, so that none can be changed, left out or
put elsewhere, and the end cannot be cut off.
"""

from __future__ import annotations

import io
import secrets
from typing import Any, BinaryIO, Final

from heliograph.errors import ConfigError, StoreError

MAGIC: Final = b"helio-sealed-1\n"
_SALT_BYTES: Final = 16
_PIECE: Final = 64 * 1024
_TAG: Final = 16
_COST: Final = 2**15
"""scrypt's n, with r = 8 and p = 1: 32 MB and a tenth of a second, also on a small board."""


def _cipher(passphrase: str, salt: bytes) -> Any:
    try:
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
        from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
    except ImportError as error:
        raise ConfigError("sealed backups need the package cryptography: install heliograph[hub]") from error
    return ChaCha20Poly1305(Scrypt(salt, 32, _COST, 8, 1).derive(passphrase.encode()))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


class Sealing:
    """Writes sealed bytes to a file."""

    def __init__(self, file: BinaryIO, passphrase: str) -> None:
        salt = secrets.token_bytes(_SALT_BYTES)
        self._cipher = _cipher(passphrase, salt)
        self._file = file
        self._waiting = bytearray()
        self._number = 0
        file.write(MAGIC + salt)

    def write(self, data: bytes) -> None:
        """Take in bytes; whole pieces are written at once."""
        self._waiting += data
        while len(self._waiting) > _PIECE:  # the last one is known only at the end
            self._seal(bytes(self._waiting[:_PIECE]), last=False)
            del self._waiting[:_PIECE]

    def end(self) -> None:
        """Write what is left."""
        self._seal(bytes(self._waiting), last=True)

    def _seal(self, piece: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, last=last), piece, MAGIC))
        self._number += 1


class Opened(io.RawIOBase):
    """Reads what was sealed."""

    def __init__(self, file: BinaryIO, passphrase: str) -> None:
        super().__init__()
        file.seek(len(MAGIC))
        self._cipher = _cipher(passphrase, file.read(_SALT_BYTES))
        self._file = file
        self._next = file.read(_PIECE + _TAG)
        self._piece = b""
        self._number = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer.

        Raises:
            ConfigError: the passphrase is another one.
            StoreError: a piece was changed or is missing.
        """
        while not self._piece and self._next:
            self._open()
        taken = self._piece[: len(buffer)]
        self._piece = self._piece[len(taken) :]
        buffer[: len(taken)] = taken
        return len(taken)

    def _open(self) -> None:
        from cryptography.exceptions import InvalidTag

        sealed, self._next = self._next, self._file.read(_PIECE + _TAG)
        try:
            self._piece = self._cipher.decrypt(_nonce(self._number, last=not self._next), sealed, MAGIC)
        except InvalidTag as error:
            if self._number:
                raise StoreError("the sealed backup is damaged or cut short") from error
            raise ConfigError("this is not the passphrase of the backup, or it is damaged") from error
        self._number += 1


def is_sealed(file: BinaryIO) -> bool:
    """Return whether a file, which is at its start and stays there, is a sealed backup."""
    begin = file.read(len(MAGIC))
    file.seek(0)
    return begin == MAGIC
