"""A person with an authenticator app logs in by password and code, by any way that takes a password."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any

from heliograph.api.identity.totp import code_at
from tests.real.hub_process import HubProcess

ANNA = {"user": "anna", "password": "a long password"}


def log_in(hub: HubProcess, **more: Any) -> tuple[int, dict[str, str]]:
    status, headers, _ = hub.request("POST", "/api/session", ANNA | more, token=None)
    return status, headers


def test_password_and_code(tmp_path: Path) -> None:
    path = "/api/identities/users/anna/totp"
    with HubProcess(tmp_path / "hub", "--no-agent") as hub:
        made = {"name": ANNA["user"], "password": ANNA["password"]}
        assert hub.request("POST", "/api/identities/users", made)[0] == 201
        told = hub.json("POST", path, {})
        assert told["secret"] in told["address"]
        assert log_in(hub)[0] == 200, "nothing is kept before the app has shown a code"
        secret, step = told["secret"], int(time.time()) // 30
        confirmed = {"secret": secret, "code": code_at(secret, step)}
        assert hub.request("POST", path, confirmed | {"code": "000000"})[0] in (400, 204)
        assert hub.request("POST", path, confirmed)[0] == 204
        [anna] = [
            each for each in hub.json("GET", "/api/identities/users")["users"] if each["name"] == "anna"
        ]
        assert anna["totp"] is True

        status, headers = log_in(hub)
        assert (status, headers["x-helio-needs"]) == (401, "totp")
        assert "set-cookie" not in headers
        assert log_in(hub, totp=confirmed["code"])[0] == 401, "a code counts once"
        basic = "Basic " + base64.b64encode(b"anna:a long password").decode()
        answer = hub.request("POST", "/api/v2/signin", b"", token=None, headers={"Authorization": basic})
        assert answer[0] == 401, "no way in without the code"
        status, headers = log_in(hub, totp=code_at(secret, step + 1))
        assert status == 200
        assert "set-cookie" in headers

        assert hub.request("DELETE", path)[0] == 204
        assert log_in(hub)[0] == 200
        audit = [each["what"] for each in hub.json("GET", "/api/audit")["entries"]]
        assert {"user's second factor set", "user's second factor removed"} <= set(audit)
        assert secret not in json.dumps(audit) + hub.log
