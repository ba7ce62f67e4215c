"""The hub of boards that become devices and gateways: asked with this laptop's login for what they need."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from heliograph.errors import ConfigError, HubError

if TYPE_CHECKING:
    from heliograph.board.setup.enrolling import Door, Held, Kind

_PATH: Final = "/api/identities/devices"
_CODE_SECONDS: Final = 1_800
"""How long a code is good: as long as wheels may take to a board with slow Wi-Fi."""


def door() -> Door:
    """Return the hub that gives boards their keys.

    Raises:
        ConfigError: there is none.
    """
    from heliograph.board.setup.enrolling import Door
    from heliograph.cli.hub_client import hub_url, request

    try:
        told = request("GET", _PATH)
    except HubError as error:
        raise ConfigError(f"{error}; for a broker that is none of ours: --hub HOST") from error
    reach = told["reach"]
    return Door(
        url=reach["url"],
        mqtt_port=reach["mqtt_port"],
        tls=reach["tls"],
        fingerprint=reach["fingerprint"],
        local_port=urlsplit(hub_url()).port or 80,
        devices={device["id"]: (device["state"], device["mark"]) for device in told["devices"]},
        code=_code,
    )


def _code(device: str, kind: Kind) -> str:
    from heliograph.cli.hub_client import request

    path = f"{_PATH}/{quote(device, safe='')}/enrol"
    gateway = {"gateway": True} if kind.is_gateway else {}
    return str(request("POST", path, {"seconds": _CODE_SECONDS, **gateway})["code"])


def end_key(held: Held) -> None:
    """Let the hub forget the key of a board that is no device any more, or say that it still knows it."""
    from heliograph.cli.hub_client import request

    try:
        devices = {device["id"]: device["mark"] for device in request("GET", _PATH)["devices"]}
        if devices.get(held.device) == held.mark:
            request("DELETE", f"{_PATH}/{quote(held.device, safe='')}")
    except HubError as error:
        print(f"its key was not ended: {error}; helio device revoke {held.device} does it", file=sys.stderr)
