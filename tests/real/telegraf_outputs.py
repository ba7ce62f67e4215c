"""Telegraf's two outputs for InfluxDB, as far as a server sees them: their requests and their reactions.

Written after what Telegraf 1.40 does: which answers make it drop a batch, keep it, halve it or wait.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

_OPENER = build_opener(ProxyHandler({}))
_V1_DROPS_AFTER_5XX = (
    "hinted handoff queue not empty",
    "points beyond retention policy",
    "partial write",
    "unable to parse",
    "retention policy not found",
)


@dataclass
class Outcome:
    """What became of the lines of a batch, as Telegraf believes."""

    written: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    """To be sent again."""
    wait: float = 0.0
    """Seconds that the server asked for."""
    said: list[str] = field(default_factory=list)
    """What the server answered about what was not written."""
    asked_for_database: bool = False


def _post(url: str, authorization: str, lines: Sequence[str]) -> tuple[int, dict[str, str], bytes]:
    headers = {
        "Authorization": authorization,
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Encoding": "gzip",
        "User-Agent": "Telegraf/1.40.0 Go/1.26.1",
    }
    body = gzip.compress("".join(f"{line}\n" for line in lines).encode())
    request = Request(url, data=body, headers=headers, method="POST")
    try:
        with _OPENER.open(request, timeout=120) as answer:
            return answer.status, {}, answer.read()
    except HTTPError as error:
        with error:
            return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read()
    except URLError:
        return 0, {}, b""


class OutputV2:
    """``outputs.influxdb_v2``."""

    def __init__(
        self, url: str, token: str, bucket: str = "telegraf", organization: str = "heliograph"
    ) -> None:
        self._url = f"{url}/api/v2/write?{urlencode({'bucket': bucket, 'org': organization})}"
        self._authorization = f"Token {token}"

    def write(self, lines: Sequence[str]) -> Outcome:
        """Send a batch once, and in halves where it is too large."""
        outcome = Outcome()
        self._write(list(lines), outcome)
        return outcome

    def _write(self, lines: list[str], outcome: Outcome) -> None:
        status, headers, body = _post(self._url, self._authorization, lines)
        if status in (200, 201, 202, 204, 206, 207, 208):
            outcome.written += lines
            return
        outcome.said.append(json.loads(body)["message"] if body else "no answer")
        if status == 413 and len(lines) > 1:
            half = len(lines) // 2
            self._write(lines[:half], outcome)
            self._write(lines[half:], outcome)
        elif status in (0, 401, 403, 429) or status >= 500:
            outcome.kept += lines
            outcome.wait = max(outcome.wait, float(headers.get("retry-after", 0)))
        else:
            outcome.dropped += lines


class OutputV1:
    """``outputs.influxdb``."""

    def __init__(
        self, url: str, user: str, password: str, database: str = "telegraf", policy: str = ""
    ) -> None:
        self._server, self._database = url, database
        parameters = {"db": database} | ({"rp": policy} if policy else {})
        self._url = f"{url}/write?{urlencode(parameters)}"
        self._authorization = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def create_database(self) -> str | None:
        """Ask for the database, as it does at its start; return what the server says against it."""
        headers = {
            "Authorization": self._authorization,
            "Content-Type": "application/x-www-form-urlencoded",
            "User-Agent": "Telegraf/1.40.0 Go/1.26.1",
        }
        body = urlencode({"q": f'CREATE DATABASE "{self._database}"'}).encode()
        request = Request(f"{self._server}/query", data=body, headers=headers, method="POST")
        with _OPENER.open(request, timeout=120) as answer:
            (result,) = json.load(answer)["results"]
        error: str | None = result.get("error")
        return error

    def write(self, lines: Sequence[str]) -> Outcome:
        """Send a batch once; where there is no database, ask for it and keep the batch."""
        status, _, body = _post(self._url, self._authorization, lines)
        if status == 204:
            return Outcome(written=list(lines))
        said = json.loads(body)["error"] if body else "no answer"
        if "database not found" in said:
            self.create_database()
            return Outcome(kept=list(lines), said=[said], asked_for_database=True)
        final = 400 <= status < 500 or (status >= 500 and any(word in said for word in _V1_DROPS_AFTER_5XX))
        return Outcome(dropped=list(lines) if final else [], kept=[] if final else list(lines), said=[said])
