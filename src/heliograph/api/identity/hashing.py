"""Hashes of secrets: a fast one for those that we made, a slow one for what people choose."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from argon2 import PasswordHasher

_OLD_SCHEME: Final = "scrypt"
_OLD_COST: Final = {"n": 2**14, "r": 8, "p": 1}
_MOSQUITTO_ROUNDS: Final = 101
_PASSES: Final = 2
_MEMORY_KIB: Final = 19 * 1024
"""What OWASP's cheat sheet on storing passwords gives as the least for argon2id: a board with 1 GB must do
it, too, where it takes about 100 ms."""


def hashed(secret: str) -> str:
    """Hash a random secret; it has 192 bits or more, so a slow hash would gain nothing.

    Only ``helio up --allow-setup``, for test suites, lets somebody choose a token that has less.
    """
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def hash_for_mosquitto(secret: str) -> str:
    """Hash a random secret as Mosquitto's password file has it: PBKDF2 with SHA-512, in its few rounds."""
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", secret.encode(errors="replace"), salt, _MOSQUITTO_ROUNDS)
    return "$".join(
        ["", "7", str(_MOSQUITTO_ROUNDS), *(base64.b64encode(b).decode() for b in (salt, digest))]
    )


def hash_password(password: str) -> str:
    """Return how a password was hashed by argon2id, cost, salt and hash, to be kept."""
    return _hasher().hash(password.encode(errors="replace"))


def is_password(kept: str, password: str) -> bool:
    """Return whether a password is the one whose hash was kept."""
    if not kept.startswith("$argon2"):
        return _is_old(kept, password)
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher().verify(kept, password.encode(errors="replace"))
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Return whether a password should be hashed anew: it was by an earlier version, or at a lower cost."""
    return not kept.startswith("$argon2") or _hasher().check_needs_rehash(kept)


def waste_a_guess() -> None:
    """Take as long as :func:`is_password`, so that nobody learns which names there are."""
    is_password(_nobody(), "")


@cache
def _nobody() -> str:
    return hash_password(secrets.token_urlsafe())


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=1)


def _is_old(kept: str, password: str) -> bool:
    salt, _, digest = kept.removeprefix(f"{_OLD_SCHEME}$").partition("$")  # the first ones had no scheme
    try:
        given = hashlib.scrypt(password.encode(errors="replace"), salt=bytes.fromhex(salt), **_OLD_COST)
        return hmac.compare_digest(bytes.fromhex(digest), given)
    except ValueError:
        return False
