"""``/write`` answers as InfluxDB 1.x does: the same requests go to a real influxd and to the hub."""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.compatibility import covers
from tests.ports import free_port
from tests.real.hub_process import HubProcess

INFLUXD = shutil.which("influxd")
START_TIMEOUT = 120.0

pytestmark = pytest.mark.skipif(INFLUXD is None, reason="influxdb is not installed (make test installs it)")

CONFIG = """\
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
[http]
  bind-address = "127.0.0.1:{http}"
  log-enabled = false
[monitor]
  store-enabled = false
"""


class Influxd:
    """A real influxd 1.x on free ports."""

    def __init__(self, folder: Path) -> None:
        self.port, rpc = free_port(), free_port()
        self._config = folder / "influxd.conf"
        self._config.write_text(CONFIG.format(folder=folder, http=self.port, rpc=rpc))
        self.start()

    def start(self) -> None:
        """Start it, also once more after it was stopped."""
        assert INFLUXD is not None
        self._process = subprocess.Popen(
            [INFLUXD, "-config", str(self._config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Return status and body of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def wait_ready(self) -> None:
        """Wait until it answers."""
        deadline = time.monotonic() + START_TIMEOUT
        while True:
            try:
                self.ask("GET", "/ping")
            except OSError:
                assert time.monotonic() < deadline, "influxd does not answer"
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(120)


@pytest.fixture
def influxd(tmp_path: Path) -> Iterator[Influxd]:
    """A running influxd with the database telegraf."""
    folder = tmp_path / "influxd"
    folder.mkdir()
    server = Influxd(folder)
    try:
        server.wait_ready()
        server.ask("POST", f"/query?q={quote('CREATE DATABASE telegraf')}")
        yield server
    finally:
        server.stop()


REQUESTS = [
    ("db=telegraf", b"m f=1 1"),
    ("db=telegraf", b'm,t=a f=1,g=2i,h=t,s="x y" 2\nm,t=b f=-1e3 2'),
    ("db=telegraf", b"\n# only a comment\n\n"),
    ("db=telegraf", b""),
    ("db=telegraf&precision=s", b"m f=3 3"),
    ("db=telegraf&precision=ms", b"m f=4 4000"),
    ("db=telegraf&precision=what", b"m f=5 5000000000"),
    ("db=telegraf", b"m f=6 6\nm\nm f=7 7"),
    ("db=telegraf", b"m f=\nm,t f=1\n,t=a f=1"),
    ("db=telegraf", b"m f=9223372036854775808i 8"),
    ("db=telegraf", b"m f=NaN 8"),
    ("db=telegraf", b'm f="text" 9\nm f=10 10'),
    ("db=telegraf", b"m,a=1,a=2 f=1 11"),
    ("db=telegraf", rb"m\ n,t\,1=a\=b f\ 1=12 12"),
    ("db=telegraf", b"m f=13 13\nm g=14i 13\nm f=15 13"),
    ("db=nope", b"m f=1 1"),
    ("", b"m f=1 1"),
]


@covers("HTTP, InfluxDB 1.x", "`/write`: answers, partial writes and their words")
def test_writes_are_answered_and_stored_as_influxd_does(influxd: Influxd, hub: HubProcess) -> None:
    for parameters, body in REQUESTS:
        theirs, their_text = influxd.ask("POST", f"/write?{parameters}", body)
        ours, _, our_text = hub.request("POST", f"/write?{parameters}", body)
        assert (parameters, body, ours) == (parameters, body, theirs), (our_text, their_text)
        if theirs >= 400:
            assert kind(our_text) == kind(their_text)
    assert stored_by_hub(hub, "m") == stored_by_influxd(influxd, '"m"')
    assert len(stored_by_hub(hub, "m n")) == len(stored_by_influxd(influxd, '"m n"')) == 1


@covers("HTTP, InfluxDB 1.x", "`/write`: points beyond a retention policy")
def test_points_that_are_too_old_are_answered_as_influxd_does(influxd: Influxd, hub: HubProcess) -> None:
    influxd.ask("POST", f"/query?q={quote('CREATE DATABASE short WITH DURATION 2h')}")
    hub.request("POST", "/api/buckets", {"name": "short", "keep_seconds": 7200})
    now = int(time.time())
    for body in (f"m v=1 {now - 90 * 86_400}", f"m v=2 {now}\nm v=1 {now - 90 * 86_400}", f"m v=3 {now}"):
        theirs = influxd.ask("POST", "/write?precision=s&db=short", body.encode())
        status, _, text = hub.request("POST", "/write?precision=s&db=short", body.encode())
        assert (status, text.strip()) == (theirs[0], theirs[1].strip())


def kind(answer: bytes) -> str:
    """Return which of InfluxDB's error texts an answer begins with; Telegraf decides by them."""
    text = json.loads(answer)["error"]
    known = ("partial write: field type conflict", "partial write", "unable to parse", "database")
    return next((start for start in known if text.startswith(start)), text)


def stored_by_influxd(influxd: Influxd, measurement: str) -> list[tuple[object, ...]]:
    """Return (time, f, g, s, t) of all points."""
    question = quote(f"SELECT f, g, s, t FROM {measurement} ORDER BY time")
    _, answer = influxd.ask("GET", f"/query?db=telegraf&epoch=ns&q={question}")
    result = json.loads(answer)["results"][0]
    if "series" not in result:  # none of these fields: count the series' points by any field
        _, answer = influxd.ask(
            "GET", f"/query?db=telegraf&epoch=ns&q={quote(f'SELECT * FROM {measurement}')}"
        )
        result = json.loads(answer)["results"][0]
    return sorted((tuple(row) for row in result["series"][0]["values"]), key=str)


def stored_by_hub(hub: HubProcess, measurement: str) -> list[tuple[object, ...]]:
    """Return the same of the hub."""
    columns = "f, g, s, t" if measurement == "m" else "*"
    rows = hub.sql(f'SELECT epoch_ns(time), {columns} FROM "{measurement}"')
    return sorted((tuple(row) for row in rows), key=str)
