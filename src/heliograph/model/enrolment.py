"""The word by which a board finds the right hub and gets its key: a single-use code and a fingerprint.

Both in base 32, without signs that a shell or an eye would mistake: ``code-fingerprint``.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Final

from heliograph.errors import ConfigError

_CODE_BYTES: Final = 15
_FINGERPRINT_BYTES: Final = 20
"""160 of SHA-256's 256 bits: nobody finds a second certificate with them."""
_MARK_SIGNS: Final = 12
NO_FINGERPRINT: Final = "public"
"""Stands for the authorities that the board's own system trusts."""


def new_code() -> str:
    """Return a code that nobody guesses, of 24 signs."""
    return _text(secrets.token_bytes(_CODE_BYTES))


def short_fingerprint(certificate: bytes) -> str:
    """Return the fingerprint of a certificate in DER, of 32 signs."""
    return _text(hashlib.sha256(certificate).digest()[:_FINGERPRINT_BYTES])


def long_fingerprint(certificate: bytes) -> str:
    """Return the fingerprint of a certificate in DER as browsers show it."""
    return hashlib.sha256(certificate).digest().hex(":").upper()


def key_mark(key_hash: str) -> str:
    """Return by what two sides see that they mean the same key: the beginning of its SHA-256 in hex.

    A key has 256 random bits, so nothing of it can be told from that.
    """
    return key_hash[:_MARK_SIGNS]


def join(code: str, fingerprint: str) -> str:
    """Return both as one word."""
    return f"{code}-{fingerprint}"


def split(word: str) -> tuple[str, str]:
    """Return code and fingerprint of a word.

    Raises:
        ConfigError: it is none, or not the whole of one.
    """
    code, _, fingerprint = word.strip().lower().partition("-")
    if len(code) != 24 or (len(fingerprint) != 32 and fingerprint != NO_FINGERPRINT):
        raise ConfigError(
            "this is not the whole code that helio device enrol printed: 24 and 32 signs with a - between"
        )
    return code, fingerprint


def _text(binary: bytes) -> str:
    return base64.b32encode(binary).decode().rstrip("=").lower()
