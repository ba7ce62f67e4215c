"""``helio token`` makes tokens that may do less than the operator's."""

from __future__ import annotations

import subprocess
import sys

from tests.real.hub_process import HubProcess


def helio_token(hub: HubProcess, *arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "heliograph", "token", *arguments],
        env=hub.environment | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.returncode, done.stdout.strip(), done.stderr


def test_a_token_is_made_shown_and_deleted(hub: HubProcess) -> None:
    assert helio_token(hub)[:2] == (0, hub.token)
    status, made, told = helio_token(hub, "create", "greenhouse [pi]", "--write", "telegraf", "--read", "*")
    assert (status, "only time" in told) == (0, True)
    assert hub.request("POST", "/write?db=telegraf", b"m v=1", token=made)[0] == 204
    assert hub.request("GET", "/api/schema", token=made)[0] == 200
    assert hub.request("GET", "/api/status", token=made)[0] == 403
    status, listed, _ = helio_token(hub, "list")
    (line,) = [line for line in listed.splitlines() if "greenhouse [pi]" in line]
    assert line.split()[3:-1] == ["all", "buckets", "telegraf"]
    assert made not in listed
    assert [line for line in listed.splitlines() if line.split()[-3:-1] == ["everything", "everything"]]
    assert helio_token(hub, "delete", line.split()[0])[0] == 0
    assert hub.request("GET", "/api/schema", token=made)[0] == 401
    assert helio_token(hub, "delete", line.split()[0])[0] == 1


def test_a_token_that_may_do_nothing_is_not_made(hub: HubProcess) -> None:
    assert helio_token(hub, "create", "x")[0] == 2
    status, _, told = helio_token(hub, "create", "x", "--read", "nope")
    assert (status, 'bucket "nope" not found' in told) == (1, True)
