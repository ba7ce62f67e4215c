"""What is said to who gave a command that this gateway cannot hand over."""

from __future__ import annotations

import json

from heliograph.errors import Error
from heliograph.transport.mqtt_client_message import Publication

_ANSWERED_BELOW = "sta/"
"""Where a gateway may publish, and those who ask wait."""


def answer_to(payload: bytes, error: Error) -> Publication | None:
    """Return the answer to a command that names a topic for it below ``sta/``; None where nobody waits."""
    try:
        told = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    reply_to = told.get("reply_to") if isinstance(told, dict) else None
    if not isinstance(reply_to, str) or not reply_to.startswith(_ANSWERED_BELOW):
        return None
    text = f"the gateway cannot hand this command over: {error}"
    return Publication(reply_to, json.dumps({"ok": False, "error": text, "id": told.get("id")}).encode(), 1)
