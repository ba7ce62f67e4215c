"""A real hub in a process of its own: ``helio up`` on free ports and a folder that is thrown away."""

from __future__ import annotations

import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self
from urllib.error import HTTPError
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

from tests.ports import free_port

START_TIMEOUT = 120.0
# a test's own hub: nobody is in between
_UNKNOWN = ssl.create_default_context()
_UNKNOWN.check_hostname, _UNKNOWN.verify_mode = False, ssl.CERT_NONE
_OPENER = build_opener(ProxyHandler({}), HTTPSHandler(context=_UNKNOWN))


class HubProcess:
    """``helio up``, started, asked, killed and started again on the same data folder and ports."""

    def __init__(
        self, home: Path, *arguments: str, command: Sequence[str] = (), is_far: bool = False
    ) -> None:
        self.home = home
        self.http_url = ""
        self.mqtt_host = "127.0.0.1"
        self.mqtt_port = free_port()
        self._http_port = free_port()
        self._arguments = arguments
        self._is_far = is_far
        """Whether it is asked over its TLS port, as from another machine."""
        self._command = command or (sys.executable, "-m", "heliograph", "up")
        self._process: subprocess.Popen[bytes] | None = None
        self._log = home.parent / f"{home.name}.log"

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()  # one that was too slow to start is not left behind
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def environment(self) -> dict[str, str]:
        """What a client command needs to reach this hub."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith("HELIO_")}
        return clean | {"HELIO_HOME": str(self.home)}

    @property
    def pid(self) -> int:
        """The hub's process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """All that the hub has printed."""
        return self._log.read_text(errors="replace")

    @property
    def token(self) -> str:
        """The operator's token."""
        return (self.home / "operator.token").read_text().strip()

    @property
    def nats_url(self) -> str:
        """The address of the hub's nats-server, with the hub's own rights."""
        folder = self.home / "nats"
        port = re.search(r'^listen: "127.0.0.1:(\d+)"', (folder / "nats.conf").read_text(), re.MULTILINE)
        assert port is not None
        return f"nats://hub:{(folder / 'hub.password').read_text()}@127.0.0.1:{port[1]}"

    @property
    def facts(self) -> dict[str, Any]:
        """What ``run.json`` says while the hub runs."""
        facts: dict[str, Any] = json.loads((self.home / "run.json").read_text())
        return facts

    def start(self) -> None:
        """Start the hub and wait until it takes points."""
        (self.home / "run.json").unlink(missing_ok=True)
        ports = ("--http-port", str(self._http_port), "--mqtt-port", str(self.mqtt_port))
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._command, *ports, *self._arguments],
                # points of tests have fixed times, which must never be too old; --set wins over this
                env={"HELIO_STORE_KEEP": "0s"} | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._wait_ready()

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            assert self._process is not None
            assert self._process.poll() is None, f"the hub ended by itself:\n{self.log[-3000:]}"
            try:
                facts = self.facts
                self.http_url, self.mqtt_port = facts["http_url"], facts["mqtt_port"]
                self._http_port = int(self.http_url.rpartition(":")[2])
                if self._is_far:
                    self.http_url = facts["https_url"]
                _OPENER.open(f"{self.http_url}/ready", timeout=2).close()
            except (OSError, ValueError):
                time.sleep(0.02)
            else:
                return
        raise AssertionError(f"the hub is not ready after {START_TIMEOUT} s:\n{self.log[-3000:]}")

    def kill(self) -> None:
        """End the hub as a power cut would: no time to say anything."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(120)

    def stop(self) -> float:
        """End the hub as Ctrl-C does; returns the seconds that it took."""
        if self._process is None or self._process.poll() is not None:
            return 0.0
        began = time.monotonic()
        self._process.send_signal(signal.SIGINT)
        self._process.wait(120)
        return time.monotonic() - began

    def request(
        self,
        method: str,
        path: str,
        body: bytes | dict[str, Any] | None = None,
        *,
        token: str | None = "",
        headers: dict[str, str] | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers (lower case) and body of an answer. ``token`` None sends none."""
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Token {token or self.token}"
        asked = Request(f"{self.http_url}{path}", method=method, data=data, headers=sent)
        try:
            with _OPENER.open(asked, timeout=120) as answer:
                return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
        except HTTPError as error:
            with error:
                return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read()

    def json(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return a JSON answer that must be a success."""
        status, _, answer = self.request(method, path, body)
        assert status == 200, (status, answer)
        result: dict[str, Any] = json.loads(answer)
        return result

    def write(self, lines: str, **parameters: str) -> int:
        """Write line protocol and return the status."""
        query = "&".join(f"{k}={v}" for k, v in ({"bucket": "telegraf"} | parameters).items())
        return self.request("POST", f"/api/v2/write?{query}", lines.encode())[0]

    def sql(self, sql: str) -> list[list[Any]]:
        """Return the rows of a user's SELECT."""
        rows: list[list[Any]] = self.json("POST", "/api/sql", {"sql": sql})["rows"]
        return rows

    def sql_soon(self, sql: str) -> list[list[Any]]:
        """Return the rows of a SELECT; none as long as the measurement has no point."""
        status, _, answer = self.request("POST", "/api/sql", {"sql": sql})
        if status == 400 and b"does not exist" in answer:
            return []
        assert status == 200, (status, answer)
        rows: list[list[Any]] = json.loads(answer)["rows"]
        return rows

    def status(self) -> dict[str, Any]:
        """Return ``/api/status``."""
        return self.json("GET", "/api/status")
