"""MQTT Explorer's own library, subscribed to ``#`` and ``$SYS/#`` as it is, finds what docs/mqtt.md says."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.real.course_programs import Place, heard, published
from tests.real.mosquitto_process import MosquittoProcess

FOLDER = Path(__file__).with_name("mqtt_js")
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(
    NODE is None or not (FOLDER / "node_modules" / "mqtt").is_dir(),
    reason="`make test` installs what it needs",
)

Event = dict[str, Any]


class Explorer:
    """The library in a process of Node's, and what it has told."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.events: list[Event] = []

    def until(self, is_it: Callable[[Event], bool]) -> Event:
        """Read what happens until something has; earlier things count, too."""
        assert self._process.stdout is not None
        for event in self.events:
            if is_it(event):
                return event
        for line in iter(self._process.stdout.readline, b""):
            self.events.append(json.loads(line))
            if is_it(self.events[-1]):
                return self.events[-1]
        raise AssertionError(f"it ended: {self.events}, {self._process.communicate()}")

    def message(self, topic: str) -> Event:
        """Return the first message of a topic."""
        return self.until(lambda event: event.get("topic") == topic)

    def said(self, name: str, **words: object) -> Event:
        """Return the first event of this name with these words."""
        return self.until(lambda event: event["event"] == name and words.items() <= event.items())


@contextmanager
def explorer(port: int, topic: str) -> Iterator[Explorer]:
    command = [str(NODE), str(FOLDER / "explore.js"), str(port), topic]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as process:
        try:
            yield Explorer(process)
        finally:
            process.terminate()
            process.communicate(timeout=120)


def test_everything_is_seen_and_what_it_publishes_is_kept(place: Place) -> None:
    published(place, "käse/auf/toast", "vorher")
    with explorer(place.port, "from/explorer") as seen:
        assert seen.said("subscribed", filter="#")["qos"] == [0]
        assert seen.said("published")["error"] is None
        published(place, "käse/auf/toast", "22.5")
        published(place, "large", "x" * 100_000)
        assert seen.message("käse/auf/toast")["text"] == "22.5"
        assert seen.message("large")["length"] == 100_000
        assert heard(place, "from/explorer") == ["from explorer"]
        assert not [event for event in seen.events if event["event"] in ("closed", "error")]
    with explorer(place.port, "from/explorer/again") as later:
        assert later.message("from/explorer")["retained"], "what is retained is there at once"


def test_figures_of_the_broker(place: Place) -> None:
    """Mosquitto tells its version and figures; the hub's broker refuses that filter alone."""
    topic = f"after/figures/{place.name}"
    with explorer(place.port, topic) as seen:
        answer = seen.said("subscribed", filter="$SYS/#")
        assert answer["error"] is None, "the explorer must not take it for a failure of the connection"
        assert answer["qos"] == ([128] if place.mosquitto is None else [0])
        if place.mosquitto is not None:
            assert seen.message("$SYS/broker/version")["text"].startswith("mosquitto version 2")
        else:
            seen.message(topic)
            assert not [event for event in seen.events if event.get("topic", "").startswith("$")]


def test_no_topic_of_the_brokers_own_comes_with_everything(place: Place) -> None:
    """``#`` alone has nothing that begins with a dollar, as the standard says."""
    command = ["mosquitto_sub", "-p", str(place.port), "-t", "#", "-W", "2", "-v"]
    published(place, "in/between", "1")
    printed = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False).stdout
    assert not [line for line in printed.splitlines() if line.startswith("$")]


def test_it_comes_back_when_the_broker_does(tmp_path: Path) -> None:
    with MosquittoProcess(tmp_path) as mosquitto, explorer(mosquitto.port, "from/explorer") as seen:
        seen.message("from/explorer")
        mosquitto.kill()
        seen.said("closed")
        mosquitto.start()
        seen.events.clear()
        seen.said("connected")
        assert seen.said("subscribed", filter="#")["qos"] == [0]
