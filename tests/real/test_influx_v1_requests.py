"""Requests of InfluxDB 1.x as curl and others send them, which its usual clients do not."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.compatibility import covers
from tests.real.hub_process import HubProcess


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("v1") / "hub", "--no-agent") as running:
        assert running.request("POST", "/write?db=telegraf", b"m f=1 1000000000")[0] == 204
        yield running


@covers("HTTP, InfluxDB 1.x", "`/query` by forms in parts, as `curl -F` sends them")
def test_a_form_in_parts_is_read_as_curl_sends_it(hub: HubProcess) -> None:
    kind = {"Content-Type": "multipart/form-data; boundary=----x"}
    part = '------x\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    body = part.format("db", "telegraf") + part.format("epoch", "s") + part.format("q", "SELECT f FROM m")
    status, _, answer = hub.request("POST", "/query", f"{body}------x--\r\n".encode(), headers=kind)
    assert (status, json.loads(answer)["results"][0]["series"][0]["values"]) == (200, [[1, 1]])
    for broken in (b"", b"------x", b"------x--", body.encode()[:40], b"\xff\xfe", body.encode() + b"\xff"):
        status, _, answer = hub.request("POST", "/query", broken, headers=kind)
        assert status in (200, 400)
        assert ("error" in json.loads(answer)) == (status == 400)


def test_options_tell_what_there_is_and_let_no_other_page_in(hub: HubProcess) -> None:
    for path in ("/query", "/write"):
        origin = {"Origin": "http://evil.example"}
        status, headers, answer = hub.request("OPTIONS", path, token=None, headers=origin)
        assert (status, answer, "POST" in headers["allow"]) == (200, b"", True)
        assert not [name for name in headers if name.startswith("access-control")]


def test_writes_name_the_version_and_refuse_an_unknown_consistency(hub: HubProcess) -> None:
    for line, good in ((b"other f=2", 204), (b"other f=", 400)):
        status, headers, _ = hub.request("POST", "/write?db=telegraf&consistency=all", line)
        assert (status, headers["x-influxdb-build"]) == (good, "OSS")
    status, _, answer = hub.request("POST", "/write?db=telegraf&consistency=odd", b"other f=2")
    assert (status, json.loads(answer)) == (400, {"error": "invalid consistency level"})


def test_subscriptions_are_refused_with_what_there_is_instead(hub: HubProcess) -> None:
    text = "CREATE%20SUBSCRIPTION%20s%20ON%20telegraf.autogen%20DESTINATIONS%20ALL%20'udp://h:9'"
    _, _, answer = hub.request("POST", f"/query?q={text}")
    assert "helio stream" in json.loads(answer)["results"][0]["error"]
