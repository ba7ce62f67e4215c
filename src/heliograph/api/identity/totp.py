"""Codes of authenticator apps: a second factor that changes every 30 seconds.

Source: RFC 6238 (TOTP) over RFC 4226 (HOTP), with SHA-1, six digits and 30 s, as all apps have them.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from typing import Final
from urllib.parse import quote, urlencode

STEP_SECONDS: Final = 30
DIGITS: Final = 6
_SECRET_BYTES: Final = 20
_SHORTEST_BYTES: Final = 16
_DRIFT_STEPS: Final = 1
"""Codes of so many steps before and after now count, too: clocks differ, and people need time to type."""


def new_secret() -> str:
    """Return a secret as apps take it, in base32."""
    return base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def is_secret(text: str) -> bool:
    """Return whether a text is a secret of enough bits."""
    try:
        return len(base64.b32decode(text)) >= _SHORTEST_BYTES
    except (binascii.Error, ValueError):
        return False


def code_at(secret: str, step: int) -> str:
    """Return the code of a step: of the 30 seconds that begin ``30 * step`` after 1970."""
    digest = hmac.digest(base64.b32decode(secret), step.to_bytes(8, "big"), "sha1")
    at = digest[-1] & 0x0F
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def step_of(secret: str, code: str, now_s: float, used_step: int = 0) -> int | None:
    """Return the step whose code this is, None if it is none of now, or was used already."""
    now = int(now_s) // STEP_SECONDS
    given = code.replace(" ", "").encode()
    for step in range(max(used_step + 1, now - _DRIFT_STEPS), now + _DRIFT_STEPS + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), given):
            return step
    return None


def address_of(secret: str, name: str, hub: str) -> str:
    """Return the address that apps read out of a QR code."""
    asked = urlencode({"secret": secret, "issuer": hub, "digits": DIGITS, "period": STEP_SECONDS})
    return f"otpauth://totp/{quote(f'{hub}:{name}')}?{asked}"
