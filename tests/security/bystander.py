"""Somebody who uses the hub in an ordinary way while others attack it, and how it is for them."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

from tests.real.hub_process import HubProcess
from tests.security.asking import PATIENCE

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Answer:
    """To one question."""

    began: float
    """By the monotonic clock, which all processes share."""
    seconds: float
    status: str


class Bystander:
    """Asks a hundred times a second, from a process of its own; as a block, for as long as it lasts."""

    def __init__(self, hub: HubProcess) -> None:
        self._command = (sys.executable, "-m", "tests.security.asking", hub.http_url)
        self._environment = {**os.environ, "HELIO_TOKEN": hub.token}
        self.answers: list[Answer] = []

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._first = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        assert self._first.wait(2 * PATIENCE), "it does not begin"
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._reader.join()
        self._process.stdout.close()
        assert self._process.wait(2 * PATIENCE) == 0

    @property
    def failed(self) -> list[str]:
        """What came instead of answers."""
        return [each.status for each in self.answers if each.status != "200"]

    def ms(self, share: float, spans: Iterable[tuple[float, float]]) -> float:
        """Return within how many ms such a share was answered of what was asked in some spans of time."""
        times = list(spans)
        ordered = sorted(
            each.seconds
            for each in self.answers
            if each.status == "200" and any(start <= each.began < end for start, end in times)
        )
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1_000 if ordered else 0.0

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            began, seconds, status = line.strip().split(" ", 2)
            self.answers.append(Answer(float(began), float(seconds), status))
            self._first.set()


class Spans:
    """The spans of time in which something went on."""

    def __init__(self) -> None:
        self.times: list[tuple[float, float]] = []

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self.times.append((self._began, time.monotonic()))


def memory_mb(hub: HubProcess) -> dict[str, float]:
    """Return what the hub, and its broker, hold in memory."""
    own = psutil.Process(hub.pid)
    found = {"hub": own.memory_info().rss / 2**20}
    for child in own.children(recursive=True):
        if "nats" in child.name():
            found["broker"] = child.memory_info().rss / 2**20
    return found


def careless_tls() -> ssl.SSLContext:
    """Return a context for attackers, who trust anybody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
