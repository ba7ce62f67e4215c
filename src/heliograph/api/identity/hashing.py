"""Hashes of secrets: a fast one for those that we made, a slow one for what people choose."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

_COST: Final = {"n": 2**14, "r": 8, "p": 1}
"""16 MiB and some 50 ms for each guess."""


def hashed(secret: str) -> str:
    """Hash a random secret; it has 192 bits or more, so a slow hash would gain nothing.

    Only ``helio up --allow-setup``, for test suites, lets somebody choose a token that has less.
    """
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def hash_password(password: str) -> str:
    """Return salt and hash of a password, to be kept."""
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}${_scrypt(password, salt).hex()}"


def is_password(kept: str, password: str) -> bool:
    """Return whether a password is the one whose hash was kept."""
    salt, _, digest = kept.partition("$")
    return hmac.compare_digest(bytes.fromhex(digest), _scrypt(password, bytes.fromhex(salt)))


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(errors="replace"), salt=salt, **_COST)
