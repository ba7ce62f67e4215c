"""Logging in by link and by token, the session's cookie, and pages of others that would use it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.real.hub_process import HubProcess


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """One hub for all logins."""
    with HubProcess(tmp_path_factory.mktemp("logins") / "hub", "--no-agent") as running:
        yield running


def cookie_of(headers: dict[str, str]) -> str:
    return headers["set-cookie"].partition(";")[0]


def log_in(hub: HubProcess, body: dict[str, Any], **headers: str) -> tuple[int, dict[str, str]]:
    status, answered, _ = hub.request("POST", "/api/session", body, token=None, headers=headers)
    return status, answered


def test_the_printed_link_logs_in_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    with HubProcess(tmp_path_factory.mktemp("login") / "hub", "--no-agent") as fresh:
        found = re.search(r"/#login=([A-Za-z0-9_-]+)", fresh.log)
        assert found, fresh.log
        status, headers = log_in(fresh, {"code": found[1]})
        assert status == 200
        cookie = cookie_of(headers)
        status, _, body = fresh.request("GET", "/api/session", token=None, headers={"Cookie": cookie})
        who = json.loads(body)
        assert (status, who["user"], who["hub"]["version"]) == (200, "operator", "0.1.0")
        assert log_in(fresh, {"code": found[1]})[0] == 401
        fresh.stop()
        fresh.start()
        assert fresh.request("GET", "/api/status", token=None, headers={"Cookie": cookie})[0] == 200


def test_the_cookie_is_kept_from_scripts_and_other_sites(hub: HubProcess) -> None:
    attributes = log_in(hub, {"token": hub.token})[1]["set-cookie"].lower()
    assert "httponly" in attributes
    assert "samesite=strict" in attributes
    assert "path=/" in attributes
    assert hub.token.lower() not in attributes


def test_a_session_ends_with_the_log_out(hub: HubProcess) -> None:
    cookie = cookie_of(log_in(hub, {"token": hub.token})[1])
    assert hub.request("GET", "/api/schema", token=None, headers={"Cookie": cookie})[0] == 200
    assert hub.request("DELETE", "/api/session", token=None, headers={"Cookie": cookie})[0] == 204
    assert hub.request("GET", "/api/schema", token=None, headers={"Cookie": cookie})[0] == 401
    assert hub.request("DELETE", "/api/session", token=None)[0] == 204, "logging out twice is no error"


def test_wrong_logins(hub: HubProcess) -> None:
    for wrong in ({"code": "wrong"}, {"token": "wrong"}, {"code": ""}, {"token": ""}):
        status, headers = log_in(hub, wrong)
        assert status == 401
        assert "set-cookie" not in headers
    for odd in ({}, {"code": 7}, {"code": None}, {"code": "\ud800"}):
        assert log_in(hub, odd)[0] == 400


def test_a_fresh_code_needs_the_token(hub: HubProcess) -> None:
    code = json.loads(hub.request("POST", "/api/login-code", b"")[2])["code"]
    assert log_in(hub, {"code": code})[0] == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:1", "null"])
def test_a_page_of_another_origin_gets_nothing(hub: HubProcess, origin: str) -> None:
    code = json.loads(hub.request("POST", "/api/login-code", b"")[2])["code"]
    assert log_in(hub, {"code": code}, Origin=origin)[0] == 401
    status, headers = log_in(hub, {"code": code}, Origin=hub.http_url)
    assert status == 200, "the code was not used up by the stranger"
    lured = {"Cookie": cookie_of(headers), "Origin": origin}
    for method, path in (
        ("POST", "/api/v2/write?bucket=telegraf"),
        ("POST", "/api/v3/write_lp?db=telegraf"),
        ("GET", "/api/v3/query_sql"),
        ("GET", "/api/v3/query_influxql"),
        ("POST", "/api/sql"),
        ("POST", "/api/v2/query"),
        ("DELETE", "/api/session"),
    ):
        body = b"csrf v=1" if method == "POST" else None
        assert hub.request(method, path, body, token=None, headers=lured)[0] == 401
    assert hub.request("GET", "/api/session", token=None, headers={"Cookie": lured["Cookie"]})[0] == 200
