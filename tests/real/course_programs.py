"""The programs of the course as processes, and the brokers that they meet."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO, NamedTuple, Self

import heliograph
from tests.real.hub_process import HubProcess
from tests.real.mosquitto_process import MosquittoProcess

ROOT = Path(__file__).resolve().parents[2]
COURSE = ROOT / "examples" / "course"
HOST = "127.0.0.1"
HANG = 120.0


class Place(NamedTuple):
    """A broker, the hub that has what comes by it, and the Mosquitto that it is, if it is one."""

    name: str
    port: int
    hub: HubProcess | None
    mosquitto: MosquittoProcess | None

    @property
    def options(self) -> tuple[str, ...]:
        """What the plain programs are told."""
        return ("--host", HOST, "--port", str(self.port))


class Program:
    """A program of the course as students start it, and what it prints.

    Args:
        path: below ``examples/course``, or the full path of a copy.
        options: its command line.
        variables: of its environment.
    """

    def __init__(self, path: str | Path, *options: str, **variables: str) -> None:
        self._command = [sys.executable, str(COURSE / path), *options]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("HELIO_")}
        source = str(Path(heliograph.__file__).parents[1])
        self._environment = clean | {"PYTHONPATH": source} | variables

    def __enter__(self) -> Self:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            self._command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=pipe,
            stderr=pipe,
            bufsize=0,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()  # who has started others ends them then
        try:
            self.process.communicate(timeout=HANG)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def prints(self, word: str) -> str:
        """Return the next line with this word or pattern."""
        return self._next(self.process.stdout, word)

    def tells(self, word: str) -> str:
        """Return the next line on standard error with this word."""
        return self._next(self.process.stderr, word)

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """End it with a signal and return its exit status and the rest of both outputs."""
        self.process.send_signal(number)
        rest = b"".join(self.process.communicate(timeout=HANG))
        return self.process.returncode, rest.decode()

    def to_its_end(self) -> tuple[int, str, str]:
        """Return exit status and both outputs of a program that ends by itself."""
        with self:
            printed, told = self.process.communicate(timeout=HANG)
            return self.process.returncode, printed.decode(), told.decode()

    def _next(self, output: IO[bytes] | None, word: str) -> str:
        assert output is not None
        before = b""
        for line in iter(output.readline, b""):
            if re.search(word, line.decode()):
                return line.decode().rstrip("\n")
            before += line
        raise AssertionError(f"it ended without {word!r}: {before.decode()}, {self.process.communicate()}")


def said_by(program: Program) -> list[str]:
    """Return the lines that a program printed, which must end well."""
    status, printed, told = program.to_its_end()
    assert status == 0, (printed, told)
    return printed.splitlines()


def published(place: Place, topic: str, *payloads: str) -> None:
    """Publish as somebody else, with QoS 1."""
    for payload in payloads:
        command = ["mosquitto_pub", "-h", HOST, "-p", str(place.port), "-q", "1", "-t", topic, "-m", payload]
        subprocess.run(command, check=True, timeout=HANG)


def heard(place: Place, topic: str, *, count: int = 1) -> list[str]:
    """Return the next payloads of a topic; a retained one is the first."""
    command = ["mosquitto_sub", "-h", HOST, "-p", str(place.port), "-q", "1", "-t", topic, "-C", str(count)]
    done = subprocess.run(command, check=True, timeout=HANG, capture_output=True, text=True)
    return done.stdout.splitlines()
