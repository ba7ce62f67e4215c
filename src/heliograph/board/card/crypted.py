"""Passwords as a Linux system keeps them (SHA-512 crypt), and Wi-Fi passphrases as access points derive them.

Python had the first in a module that is gone, and Windows never had it; so that no password stands on a card
as it is, both are made here.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

_ALPHABET: Final = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ROUNDS: Final = 5000
_SALT_LETTERS: Final = 16


def crypted(password: str, salt: str = "") -> str:
    """Return ``$6$salt$…`` of a password; a new salt unless one is given."""
    salt = salt or "".join(secrets.choice(_ALPHABET) for _ in range(_SALT_LETTERS))
    return f"$6${salt}${_letters(_digest(password.encode(), salt.encode()))}"


def wifi_key(passphrase: str, network: str) -> str:
    """Return the 64 digits that a passphrase stands for in a WPA network of this name."""
    return hashlib.pbkdf2_hmac("sha1", passphrase.encode(), network.encode(), 4096, 32).hex()


def _digest(password: bytes, salt: bytes) -> bytes:
    """Return the 64 bytes of the scheme that glibc defined: mixing, then 5000 rounds of SHA-512."""
    inner = hashlib.sha512(password + salt + password).digest()
    mixed = hashlib.sha512(password + salt + _repeated(inner, len(password)))
    length = len(password)
    while length:
        mixed.update(inner if length & 1 else password)
        length >>= 1
    digest = mixed.digest()
    p = _repeated(hashlib.sha512(password * len(password)).digest(), len(password))
    s = _repeated(hashlib.sha512(salt * (16 + digest[0])).digest(), len(salt))
    for number in range(_ROUNDS):
        odd = number & 1
        block = p if odd else digest
        block += s if number % 3 else b""
        block += p if number % 7 else b""
        digest = hashlib.sha512(block + (digest if odd else p)).digest()
    return digest


def _repeated(block: bytes, length: int) -> bytes:
    return (block * (length // len(block) + 1))[:length]


def _letters(digest: bytes) -> str:
    """Return the digest in the scheme's own order of bytes and its own base 64."""
    text = ""
    a, b, c = 0, 21, 42
    for _ in range(21):
        text += _four(digest[a] << 16 | digest[b] << 8 | digest[c], 4)
        a, b, c = b + 1, c + 1, a + 1
    return text + _four(digest[63], 2)


def _four(value: int, letters: int) -> str:
    text = ""
    for _ in range(letters):
        text += _ALPHABET[value & 0x3F]
        value >>= 6
    return text
