"""Both servers side by side: the same requests go to a real influxd and to the hub."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from tests.real.hub_process import HubProcess
from tests.real.test_influxd_oracle import Influxd


@dataclass(frozen=True)
class Answer:
    """Status, headers with names in lower case, and body of an answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Address:
    """Where a server listens, and what it takes for a login."""

    port: int
    token: str

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        log_in: bool = True,
    ) -> Answer:
        """Return an answer; the token goes along unless ``log_in`` is false."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        sent = {"Authorization": f"Token {self.token}"} if log_in and self.token else {}
        try:
            connection.request(method, path, body, {**sent, **(headers or {})})
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, told, answer.read())
        finally:
            connection.close()

    def query(self, text: str, **parameters: str) -> Answer:
        """Ask a question by POST."""
        return self.ask("POST", f"/query?{urlencode({'q': text, **parameters})}")

    def write(self, database: str, lines: str) -> None:
        """Write line protocol, which must succeed."""
        answer = self.ask("POST", f"/write?db={quote(database)}", lines.encode())
        assert answer.status == 204, answer


@dataclass(frozen=True)
class Pair:
    """A hub and the influxd that it is measured against."""

    hub: Address
    influxd: Address

    def __iter__(self) -> Iterator[Address]:
        return iter((self.hub, self.influxd))

    def fill(self, database: str, lines: str) -> None:
        """Make a database on both, with some points."""
        for server in self:
            assert server.query(f'CREATE DATABASE "{database}"').status == 200
            server.write(database, lines)


@contextmanager
def hub_and_influxd(folder: Path) -> Iterator[Pair]:
    """Both servers, running for the block."""
    (folder / "influxd").mkdir()
    server = Influxd(folder / "influxd")
    try:
        server.wait_ready()
        with HubProcess(folder / "hub", "--no-agent") as hub:
            pair = Pair(Address(int(hub.http_url.rpartition(":")[2]), hub.token), Address(server.port, ""))
            pair.influxd.query('CREATE DATABASE "telegraf"')
            yield pair
    finally:
        server.stop()
