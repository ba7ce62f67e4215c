"""Passwords and tokens that come with questions are in no log, no list of queries and no answer."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from tests.compatibility import covers
from tests.real.hub_process import HubProcess

PASSWORD = "correct-horse-7391"
OTHER = "battery-staple-5528"
WRONG = "wrong-guess-9917"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("secrets") / "hub", "--no-agent", "--verbose") as running:
        yield running


def ask(hub: HubProcess, text: str, method: str = "POST", **parameters: str) -> tuple[int, str]:
    path = f"/query?{urlencode({'db': 'telegraf', 'q': text, **parameters})}"
    status, _, answer = hub.request(method, path, token=None if "p" in parameters else "")
    return status, answer.decode()


@covers("HTTP, InfluxDB 1.x", "passwords and tokens stay out of the log and of SHOW QUERIES")
def test_no_secret_of_a_question_is_told_to_anybody(hub: HubProcess) -> None:
    told = []
    for text in (
        f"CREATE USER ada WITH PASSWORD '{PASSWORD}' WITH ALL PRIVILEGES; SHOW QUERIES; SHOW USERS",
        f"SET PASSWORD FOR ada = '{PASSWORD}'; SHOW QUERIES",
        f"SET PASSWORD FOR nobody = '{OTHER}'; SHOW QUERIES",
        f"CREATE USER ada WITH PASSWORD '{OTHER}'",
        "SHOW QUERIES; SHOW STATS; SHOW DIAGNOSTICS; SHOW GRANTS FOR ada",
    ):
        told += [ask(hub, text)[1], ask(hub, text, method="GET")[1]]
    assert any("[REDACTED]" in one for one in told), "what is asked is listed"
    assert ask(hub, "SHOW QUERIES", u="ada", p=PASSWORD)[0] == 200
    assert ask(hub, "SHOW QUERIES", u="ada", p=WRONG)[0] == 401
    told.append(ask(hub, "SELECT nonsense(", u="ada", p=PASSWORD)[1])
    told.append(ask(hub, "SHOW QUERIES", u="ada", p=hub.token)[1])
    for credentials in (f"ada:{PASSWORD}", f"ada:{WRONG}", f"{hub.token}:"):
        basic = "Basic " + base64.b64encode(credentials.encode()).decode()
        told.append(
            hub.request("GET", "/query?q=SHOW+QUERIES", token=None, headers={"Authorization": basic})[
                2
            ].decode()
        )
    lines = b"m v=oops\nm v=1"
    path = f"/write?{urlencode({'db': 'telegraf', 'u': 'ada', 'p': PASSWORD})}"
    told.append(hub.request("POST", path, lines, token=None)[2].decode())
    told.append(json.dumps([hub.status(), hub.json("GET", "/api/ledger")]))
    for secret in (PASSWORD, OTHER, WRONG, hub.token):
        assert not [one for one in told if secret in one]
        assert secret not in hub.log
