"""Our commands × both brokers × other people's clients, feature by feature; ``-s`` shows the table.

Each cell is tried in both directions: ours publishes to the stranger, and the stranger to ours. Pipes have no
buffer, as ``communicate`` would not see what is in it.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.real.course_programs import Place
from tests.real.matrix_table import Cell, Table

HANG = 120.0
HOST = "127.0.0.1"
SCRIPT = Path(__file__).with_name("mqtt_strangers.py")
STRANGERS = ("mosquitto", "paho", "aiomqtt", "gmqtt")


Line = dict[str, Any]


class Sent(NamedTuple):
    """A publication of this test."""

    topic: str
    text: str = "21.5"
    qos: int = 0
    retained: bool = False
    times: int = 1

    @property
    def payload(self) -> bytes:
        return self.text.encode() * self.times


class Pair:
    """Our commands and a stranger's, at one broker."""

    def __init__(self, stranger: str, port: int) -> None:
        self.stranger = stranger
        self.port = port
        self.topic = f"matrix/{uuid.uuid4().hex[:8]}"
        """Nobody else is here."""

    def ours(self, command: str, *arguments: str, text: bytes = b"") -> bytes:
        """Run one of our commands to its end and return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "heliograph", command, "-h", HOST, "-p", str(self.port), *arguments],
            input=text,
            capture_output=True,
            timeout=HANG,
            check=False,
        )
        assert done.returncode == 0, (arguments, done.returncode, done.stderr)
        return done.stdout

    def our_publish(self, sent: Sent) -> None:
        flags = ["-t", sent.topic, "-q", str(sent.qos), "-s", *(["-r"] if sent.retained else [])]
        self.ours("pub", *flags, text=sent.payload)

    @contextmanager
    def our_subscriber(
        self, topic_filter: str, count: int, *arguments: str
    ) -> Iterator[Callable[[], list[Line]]]:
        """Hand over, when ours is subscribed, what waits for the messages."""
        flags = [
            "-t",
            topic_filter,
            "-q",
            "2",
            "-C",
            str(count),
            "-F",
            "%t\t%q\t%r\t%l\t%x",
            "-d",
            *arguments,
        ]
        command = [sys.executable, "-m", "heliograph", "sub", "-h", HOST, "-p", str(self.port), *flags]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as process:
            try:
                assert process.stderr is not None
                for line in process.stderr:
                    if b"subscribed" in line:
                        break
                yield lambda: [our_line(line) for line in process.communicate(timeout=HANG)[0].splitlines()]
            finally:
                process.kill()

    def stranger_publish(self, *several: Sent) -> None:
        if self.stranger == "mosquitto":
            for sent in several:
                flags = ["-t", sent.topic, "-q", str(sent.qos), "-s", *(["-r"] if sent.retained else [])]
                command = ["mosquitto_pub", "-h", HOST, "-p", str(self.port), *flags]
                subprocess.run(command, input=sent.payload, check=True, timeout=HANG)
            return
        lines = "".join(json.dumps(sent._asdict()) + "\n" for sent in several)
        subprocess.run(self._script("pub", ""), input=lines.encode(), check=True, timeout=HANG)

    def stranger_subscriber(
        self, topic_filter: str, count: int, *, qos: int = 2, session: str = ""
    ) -> AbstractContextManager[Callable[[], list[Line]]]:
        if self.stranger == "mosquitto":
            return self._mosquitto_sub(topic_filter, count, qos, session)
        return self._script_sub(topic_filter, count, qos, session)

    @contextmanager
    def _script_sub(
        self, topic_filter: str, count: int, qos: int, session: str
    ) -> Iterator[Callable[[], list[Line]]]:
        command = self._script("sub", session, topic_filter, str(qos), str(count))
        with subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0) as process:
            try:
                assert process.stdout is not None
                early = []
                while (line := process.stdout.readline()) and line != b"ready\n":
                    early.append(line)
                yield lambda: [
                    json.loads(line) for line in (*early, *process.communicate(timeout=HANG)[0].splitlines())
                ]
            finally:
                process.kill()

    @contextmanager
    def _mosquitto_sub(
        self, topic_filter: str, count: int, qos: int, session: str
    ) -> Iterator[Callable[[], list[Line]]]:
        flags = ["-t", topic_filter, "-q", str(qos), "-F", "%t\t%q\t%r\t%l\t%x", "-d"]
        flags += ["-c", "-i", session] if session else []
        flags += ["-C", str(count)] if count else ["-E"]
        command = ["stdbuf", "-oL", "mosquitto_sub", "-h", HOST, "-p", str(self.port), *flags]
        with subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0) as process:
            try:
                assert process.stdout is not None
                early = []
                while (line := process.stdout.readline()) and not line.startswith(b"Subscribed"):
                    early.append(line)
                yield lambda: [
                    our_line(line)
                    for line in (*early, *process.communicate(timeout=HANG)[0].splitlines())
                    if line.count(b"\t") == 4
                ]
            finally:
                process.kill()

    def kill_stranger_with_will(self) -> None:
        """Start a stranger that leaves a will, and end it without a word."""
        if self.stranger == "mosquitto":
            will = ["--will-topic", "matrix/will", "--will-payload", "gone", "--will-qos", "1"]
            flags = ["-t", self.topic, "-d", *will]
            command = ["stdbuf", "-oL", "mosquitto_sub", "-h", HOST, "-p", str(self.port), *flags]
            word = b"Subscribed"
        else:
            command, word = self._script("will", ""), b"ready"
        with subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0) as process:
            assert process.stdout is not None
            while not process.stdout.readline().startswith(word):
                assert process.poll() is None
            process.kill()

    def _script(self, action: str, session: str, *rest: str) -> list[str]:
        return [sys.executable, str(SCRIPT), self.stranger, action, str(self.port), session, *rest]


def our_line(line: bytes) -> Line:
    topic, qos, retained, length, payload = line.rstrip(b"\n").split(b"\t")
    digest = hashlib.sha256(bytes.fromhex(payload.decode())).hexdigest()[:12]
    return {
        "topic": topic.decode(),
        "qos": int(qos),
        "retained": retained == b"1",
        "length": int(length),
        "digest": digest,
    }


def wanted(sent: Sent, *, qos: int | None = None, retained: bool = False) -> Line:
    return {
        "topic": sent.topic,
        "qos": sent.qos if qos is None else qos,
        "retained": retained,
        "length": len(sent.payload),
        "digest": hashlib.sha256(sent.payload).hexdigest()[:12],
    }


def both_ways(pair: Pair, topic_filter: str, several: list[Sent]) -> None:
    with pair.our_subscriber(topic_filter, len(several)) as messages:
        pair.stranger_publish(*several)
        assert messages() == [wanted(sent) for sent in several]
    with pair.stranger_subscriber(topic_filter, len(several)) as messages:
        for sent in several:
            pair.our_publish(sent)
        assert messages() == [wanted(sent) for sent in several]


def qos(pair: Pair, level: int) -> None:
    both_ways(pair, f"{pair.topic}/#", [Sent(f"{pair.topic}/a", f"n{number}", level) for number in range(3)])


def retained(pair: Pair) -> None:
    mine, theirs = (
        Sent(f"{pair.topic}/mine", "1", 1, retained=True),
        Sent(f"{pair.topic}/theirs", "2", 1, retained=True),
    )
    pair.our_publish(mine)
    pair.stranger_publish(theirs)
    with pair.our_subscriber(theirs.topic, 1) as messages:
        assert messages() == [wanted(theirs, retained=True)]
    with pair.stranger_subscriber(mine.topic, 1) as messages:
        assert messages() == [wanted(mine, retained=True)]
    assert pair.ours("clear", "--yes", f"{pair.topic}/#").endswith(b"2 removed\n")
    assert pair.ours("clear", "--yes", f"{pair.topic}/#") == b"nothing is retained there\n"


def will(pair: Pair) -> None:
    gone = Sent("matrix/will", "gone", 1)
    with pair.our_subscriber(gone.topic, 1) as messages:
        pair.kill_stranger_with_will()
        assert messages() == [wanted(gone)]
    with pair.stranger_subscriber(gone.topic, 1) as messages:
        flags = ("--will-topic", gone.topic, "--will-payload", "gone", "--will-qos", "1")
        with pair.our_subscriber(pair.topic, 1, *flags):
            pass  # killed here
        assert messages() == [wanted(gone)]


def session(pair: Pair) -> None:
    several = [Sent(f"{pair.topic}/kept", f"n{number}", 1) for number in range(3)]
    name = f"session-{uuid.uuid4().hex[:8]}"
    with pair.stranger_subscriber(f"{pair.topic}/kept", 0, qos=1, session=name) as messages:
        assert messages() == []
    for sent in several:
        pair.our_publish(sent)
    with pair.stranger_subscriber(f"{pair.topic}/kept", 3, qos=1, session=name) as messages:
        assert messages() == [wanted(sent) for sent in several]
    kept = ("-c", "-i", f"our-{name}", "-q", "1", "-t", f"{pair.topic}/kept")
    pair.ours("sub", *kept, "-E")
    pair.stranger_publish(*several)
    printed = pair.ours("sub", *kept, "-C", "3", "-F", "%t\t%q\t%r\t%l\t%x")
    assert [our_line(line) for line in printed.splitlines()] == [wanted(sent) for sent in several]


def wildcards(pair: Pair) -> None:
    topics = ("a/x/b", "a/y/b", "a/x", "a/x/b/c")
    several = [Sent(f"{pair.topic}/{topic}", "w", 1) for topic in topics]
    chosen = [wanted(sent) for sent in several[:2]]
    with pair.our_subscriber(f"{pair.topic}/+/+/b", 2) as messages:
        pair.stranger_publish(*several)
        assert messages() == chosen
    with pair.stranger_subscriber(f"{pair.topic}/+/+/b", 2) as messages:
        for sent in several:
            pair.our_publish(sent)
        assert messages() == chosen


def topics(pair: Pair) -> None:
    names = ("kühl/°C", "温度", "a.b/c.d", "/lead", "trail/", "a//b", "😀")
    both_ways(pair, f"{pair.topic}/#", [Sent(f"{pair.topic}/{name}", name, 1) for name in names])


def large(pair: Pair) -> None:
    both_ways(pair, pair.topic, [Sent(pair.topic, "0123456789abcdefghij", 1, times=10_000)])


FEATURES: dict[str, Callable[[Pair], None]] = {
    "QoS 0": lambda pair: qos(pair, 0),
    "QoS 1": lambda pair: qos(pair, 1),
    "QoS 2": lambda pair: qos(pair, 2),
    "retained": retained,
    "will": will,
    "session": session,
    "+ and #": wildcards,
    "Unicode": topics,
    "200 kB": large,
}


@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("stranger", STRANGERS)
def test_cell(place: Place, stranger: str, feature: str, table: Table) -> None:
    row = Cell(place.name, "commands", stranger)
    table.begin(row, feature)
    FEATURES[feature](Pair(stranger, place.port))
    table.done(row, feature)
