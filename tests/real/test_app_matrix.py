"""`App` × both brokers × other people's clients, feature by feature.

``pytest -s tests/real/test_mqtt_matrix.py tests/real/test_app_matrix.py`` prints one table for both.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.real.course_programs import Place
from tests.real.matrix_table import Cell, Table
from tests.real.test_mqtt_matrix import STRANGERS, Line, Pair, Sent

ECHO = Path(__file__).with_name("app_echo.py")
LARGE = 200_000


class EchoApp:
    """The app as a process that can be killed."""

    def __init__(self, port: int, home: Path, device: str = "matrix") -> None:
        self.home = home
        self._port = port
        self._device = device

    @contextmanager
    def running(self, *, killed: bool = False) -> Iterator[None]:
        """Run it from its subscriptions to SIGTERM, or to a kill without a word."""
        process = subprocess.Popen(
            [
                sys.executable,
                str(ECHO),
                "--hub",
                f"127.0.0.1:{self._port}",
                "--device",
                self._device,
                "--log-level",
                "debug",
            ],
            env=os.environ | {"HELIO_HOME": str(self.home)},
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        try:
            assert process.stderr is not None
            while (line := process.stderr.readline()) and b"listens" not in line:
                pass
            assert line, "the app ended"
            yield
            process.send_signal(signal.SIGKILL if killed else signal.SIGTERM)
            process.communicate(timeout=120)
        finally:
            process.kill()
            process.communicate()


@pytest.fixture(scope="module")
def echo(place: Place, tmp_path_factory: pytest.TempPathFactory) -> EchoApp:
    return EchoApp(place.port, tmp_path_factory.mktemp("echo"))


def new_name() -> str:
    """Nobody else has this one."""
    return uuid.uuid4().hex[:8]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def sends_back(pair: Pair, app: EchoApp, sent: Sent) -> None:
    """One message to the app, and the same from the app."""
    with app.running(), pair.stranger_subscriber(sent.topic.replace("/in", "/out"), 1) as came:
        pair.stranger_publish(sent)
        [line] = came()
    wanted = hashlib.sha256(sent.payload).hexdigest()[:12]
    assert (line["qos"], line["length"], line["digest"]) == (sent.qos, len(sent.payload), wanted)


def quality(pair: Pair, app: EchoApp, qos: int) -> None:
    sends_back(pair, app, Sent(f"echo/{new_name()}/in", "21.5", qos))


def keeps(pair: Pair, app: EchoApp) -> None:
    """What the app has published retained is retained; what others have comes to it as retained."""
    name = new_name()
    with app.running():
        with pair.stranger_subscriber(f"echo/{name}/kept", 1) as came:
            pair.stranger_publish(Sent(f"echo/{name}/keep", "kept", 1))
            assert not came()[0]["retained"]
        with pair.stranger_subscriber(f"echo/{name}/+", 1) as came:
            assert came()[0]["retained"]


def finds_what_was_kept(pair: Pair, app: EchoApp) -> None:
    name = new_name()
    topic = f"echo/{name}/was-kept"
    pair.stranger_publish(Sent(topic, "1", 1, retained=True))
    fresh = EchoApp(pair.port, app.home / name, device=f"fresh-{name}")
    with pair.stranger_subscriber(f"echo/{name}/out", 1) as came, fresh.running():
        assert came()[0]["digest"] == digest("retained")
    subprocess.run(["mosquitto_pub", "-p", str(pair.port), "-t", topic, "-r", "-n"], check=True, timeout=120)


def hears_what_came_while_it_was_away(pair: Pair, app: EchoApp) -> None:
    name = new_name()
    with app.running():
        pass
    several = [Sent(f"echo/{name}/in", str(number), 1 + number % 2) for number in range(10)]
    with pair.stranger_subscriber(f"echo/{name}/out", 10) as came:
        pair.stranger_publish(*several)
        with app.running():
            lines: list[Line] = came()
    assert len({line["digest"] for line in lines}) == 10


def leaves_a_will(pair: Pair, app: EchoApp) -> None:
    with app.running(killed=True):
        watching = pair.stranger_subscriber("sta/matrix/echo", 2)
        watch = watching.__enter__()
    lines = watch()
    watching.__exit__(None, None, None)
    assert [line["length"] for line in lines] == [len("online"), len("offline")]


def understands_wildcards(pair: Pair, app: EchoApp) -> None:
    name = new_name()
    ways = ("a/end", "b/end", "a/b/end", "a")
    with (
        app.running(),
        pair.stranger_subscriber(f"echo/{name}/one", 2) as ones,
        pair.stranger_subscriber(f"echo/{name}/all", 4) as alls,
    ):
        pair.stranger_publish(*(Sent(f"echo/{name}/level/{way}", "w", 1) for way in ways))
        assert {line["digest"] for line in ones()} == {digest(f"echo/{name}/level/{way}") for way in ways[:2]}
        assert {line["digest"] for line in alls()} == {digest(way) for way in ways}


def understands_any_letters(pair: Pair, app: EchoApp) -> None:
    for letters in ("kühl-°C", "温度", "a.b", "😀"):
        sends_back(pair, app, Sent(f"echo/{letters}-{new_name()}/in", f"{letters}!", 1))


def answers(pair: Pair, app: EchoApp) -> None:
    name = new_name()
    asked = json.dumps({"reply_to": f"answers/{name}", "id": name, "value": 41})
    wrong = json.dumps({"reply_to": f"answers/{name}", "id": f"{name}-2", "value": "x"})
    with app.running(), pair.stranger_subscriber(f"answers/{name}", 2) as came:
        pair.stranger_publish(Sent("cmd/matrix/echo/add", asked, 1), Sent("cmd/matrix/echo/add", wrong, 1))
        lines = came()
    assert digest(json.dumps({"ok": True, "result": 42, "id": name})) in {line["digest"] for line in lines}


FEATURES: dict[str, Callable[[Pair, EchoApp], None]] = {
    "QoS 0": lambda pair, app: quality(pair, app, 0),
    "QoS 1": lambda pair, app: quality(pair, app, 1),
    "QoS 2": lambda pair, app: quality(pair, app, 2),
    "retained": keeps,
    "kept before": finds_what_was_kept,
    "will": leaves_a_will,
    "session": hears_what_came_while_it_was_away,
    "+ and #": understands_wildcards,
    "Unicode": understands_any_letters,
    "200 kB": lambda pair, app: sends_back(
        pair, app, Sent(f"echo/{new_name()}/in", "ü", 1, times=LARGE // 2)
    ),
    "command": answers,
}


@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("stranger", STRANGERS)
def test_an_app_and_others_understand_each_other(
    place: Place, echo: EchoApp, stranger: str, feature: str, table: Table
) -> None:
    row = Cell(place.name, "App", stranger)
    table.begin(row, feature)
    FEATURES[feature](Pair(stranger, place.port), echo)
    table.done(row, feature)
