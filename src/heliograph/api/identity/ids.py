"""InfluxDB's ids: 16 hexadecimal digits that stay as they are for as long as the thing does."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final


def new_id() -> str:
    """Return an id that nothing has yet; the first digit is not 0, which some clients take for a number."""
    return f"{secrets.randbelow(15) + 1:x}{secrets.token_hex(8)[1:]}"


def fixed_id(*words: str) -> str:
    """Return the id that these words always have."""
    return hashlib.sha256("\0".join(words).encode(errors="replace")).hexdigest()[:16]


def bucket_id(name: str, created_ns: int) -> str:
    """Return the id of a bucket; one that is deleted and made anew has another."""
    return fixed_id("bucket", name, str(created_ns))


ORGANIZATION_ID: Final = fixed_id("organization")
OPERATOR_ID: Final = fixed_id("operator")
OPERATOR_TOKEN_ID: Final = fixed_id("operator's token")
