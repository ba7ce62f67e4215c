"""``helio token`` makes tokens that may do less than the operator's; ``helio telegraf`` feeds Telegraf."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.real.hub_process import HubProcess


def helio_token(hub: HubProcess, *arguments: str) -> tuple[int, str, str]:
    return helio(hub, "token", *arguments)


def helio(hub: HubProcess, *arguments: str, typed: str = "", columns: int = 200) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "heliograph", *arguments],
        input=typed,
        env=hub.environment | {"COLUMNS": str(columns)},
        capture_output=True,
        text=True,
        timeout=120,
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
    lines = listed.splitlines()
    (at,) = [number for number, line in enumerate(lines) if "greenhouse [pi]" in line]
    line = lines[at]
    assert line.split()[1:] == ["greenhouse", "[pi]", "read", "all", "buckets", "-"]
    assert lines[at + 1].split() == ["write", "telegraf"]
    assert [other for other in lines if other.split()[-3:-1] == ["read", "everything"]]
    status, told, _ = helio_token(hub, "list", "--json")
    assert made not in listed + told
    (one,) = [one for one in json.loads(told) if one["id"] == line.split()[0]]
    assert (one["description"], one["permissions"][0]["action"]) == ("greenhouse [pi]", "read")
    assert helio_token(hub, "delete", line.split()[0])[0] == 0
    assert hub.request("GET", "/api/schema", token=made)[0] == 401
    assert helio_token(hub, "delete", line.split()[0])[0] == 1


def test_the_list_is_as_wide_as_a_terminal(hub: HubProcess) -> None:
    topics = [word for n in range(12) for word in ("--subscribe", f"tel/greenhouse-{n}/a-long-name/#")]
    assert (
        helio_token(hub, "create", "what it is for " * 5, "--read", "*", *topics, "--expires", "30d")[0] == 0
    )
    status, listed, _ = helio(hub, "token", "list", columns=80)
    lines = listed.splitlines()
    assert (status, [line for line in lines if len(line) > 80]) == (0, [])
    ids = {one["id"] for one in json.loads(helio_token(hub, "list", "--json")[1])}
    assert ids <= {word for line in lines for word in line.split()}, "an id is for copying"
    assert [line for line in lines if line.split()[-1].count("-") == 2], "when it ends is whole"


def test_a_token_that_may_do_nothing_is_not_made(hub: HubProcess) -> None:
    assert helio_token(hub, "create", "x")[0] == 2
    status, _, told = helio_token(hub, "create", "x", "--read", "nope")
    assert (status, 'bucket "nope" not found' in told) == (1, True)


def test_a_board_fetches_its_configuration_and_writes_with_one_token(hub: HubProcess, tmp_path: Path) -> None:
    file = tmp_path / "greenhouse.conf"
    file.write_text("[[inputs.cpu]] # ü\n")
    status, id_, told = helio(hub, "telegraf", "add", str(file))
    assert (status, told.strip()) == (0, f"telegraf --config {hub.http_url}/api/v2/telegrafs/{id_}")
    status, other, _ = helio(hub, "telegraf", "add", "-", "--name", "typed", typed="# typed")
    assert helio(hub, "telegraf", "list")[1].splitlines() == [f"{id_}  greenhouse", f"{other}  typed"]
    token = helio(hub, "token", "create", "pi", "--write", "telegraf", "--telegraf", id_)[1]
    toml = {"Accept": "application/toml"}
    fetched = hub.request("GET", f"/api/v2/telegrafs/{id_}", token=token, headers=toml)
    assert (fetched[0], fetched[2].decode()) == (200, file.read_text())
    assert hub.request("GET", f"/api/v2/telegrafs/{other}", token=token, headers=toml)[0] == 403
    assert hub.request("GET", "/api/v2/telegrafs", token=token)[0] == 403
    assert hub.request("DELETE", f"/api/v2/telegrafs/{id_}", token=token)[0] == 403
    assert hub.request("POST", "/api/v2/write?bucket=telegraf", b"m v=1", token=token)[0] == 204
    assert helio(hub, "telegraf", "delete", id_)[0] == 0
    assert hub.request("GET", f"/api/v2/telegrafs/{id_}", token=token, headers=toml)[0] == 404
    status, _, told = helio(hub, "telegraf", "add", str(tmp_path / "missing.conf"))
    assert (status, "missing.conf" in told) == (2, True)
