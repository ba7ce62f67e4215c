"""The list of these routes."""

from __future__ import annotations

from typing import Final

from starlette.routing import BaseRoute, Route

from heliograph.api.accounts import devices, tokens, users

_USERS: Final = "/api/identities/users"
_DEVICES: Final = "/api/identities/devices"

ACCOUNT_ROUTES: Final[tuple[BaseRoute, ...]] = (
    Route(_USERS, users.list_all),
    Route(_USERS, users.add, methods=["POST"]),
    Route(f"{_USERS}/{{name}}", users.revoke, methods=["DELETE"]),
    Route(f"{_USERS}/{{name}}/password", users.set_password, methods=["POST"]),
    Route(f"{_USERS}/{{name}}/totp", users.set_code, methods=["POST"]),
    Route(f"{_USERS}/{{name}}/totp", users.clear_code, methods=["DELETE"]),
    Route(_DEVICES, devices.list_all),
    Route(_DEVICES, devices.add, methods=["POST"]),
    Route(f"{_DEVICES}/{{id}}", devices.revoke, methods=["DELETE"]),
    Route(f"{_DEVICES}/{{id}}/rotate", devices.rotate, methods=["POST"]),
    Route(f"{_DEVICES}/{{id}}/enrol", devices.begin, methods=["POST"]),
    Route("/api/identities/tokens/{id}/rotate", tokens.rotate, methods=["POST"]),
    Route("/api/audit", users.audit),
    Route("/api/enrol", devices.enrol, methods=["POST"]),
    Route("/ca.pem", devices.ca),
)
