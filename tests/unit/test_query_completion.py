"""What the shell of `helio query` offers at the Tab key, and the colours of what is typed."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from heliograph.cli.endpoint import Endpoint
from heliograph.cli.questions.colours import QuestionLexer
from heliograph.cli.questions.completion import QuestionCompleter
from heliograph.cli.questions.language import guess
from heliograph.cli.questions.names import Names
from heliograph.cli.questions.shell import private_history

SCHEMAS = {
    "telegraf": {"cpu": ["cpu", "host", "usage user"], "mem": ["host", "used"], "select": ["v"]},
    "lab": {"pressure": ["p"]},
}


class Hub(BaseHTTPRequestHandler):
    """Answers what completion asks a hub for, and counts it."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        parts = urlsplit(self.path)
        if parts.path == "/api/v2/buckets":
            answer: dict[str, list[Any]] = {"buckets": [{"name": name} for name in SCHEMAS]}
        else:
            known = SCHEMAS.get(parse_qs(parts.query)["bucket"][0], {})
            answer = {"measurements": [{"name": n, "tags": c[:1], "fields": c[1:]} for n, c in known.items()]}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def names() -> Iterator[Names]:
    Hub.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield Names(Endpoint(f"http://127.0.0.1:{server.server_port}"))
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def offered(names: Names, text: str) -> list[str]:
    """Return the text that each completion would make."""
    completer = QuestionCompleter(names, lambda typed: (guess(typed), "telegraf"))
    found = completer.get_completions(Document(text), CompleteEvent())
    return [text[: len(text) + one.start_position] + one.text for one in found]


@pytest.mark.parametrize(
    ("typed", "whole"),
    [
        ("SEL", ["SELECT"]),
        ("SELECT * FROM ", ["SELECT * FROM cpu", "SELECT * FROM mem", 'SELECT * FROM "select"']),
        ("SELECT us", ['SELECT "usage user"', "SELECT used", "SELECT USING"]),
        ("SELECT * FROM mem WHERE us", ["SELECT * FROM mem WHERE used", "SELECT * FROM mem WHERE USING"]),
        ('SELECT "us', ['SELECT "usage user"', 'SELECT "used"']),
        ('SELECT * FROM "c', ['SELECT * FROM "cpu"']),
        ("SHOW MEASUREM", ["SHOW MEASUREMENTS", "SHOW MEASUREMENT"]),
        ('from(bucket: "l', ['from(bucket: "lab"']),
        (
            'from(bucket: "lab") |> filter(fn: (r) => r._measurement == "',
            ['from(bucket: "lab") |> filter(fn: (r) => r._measurement == "pressure"'],
        ),
        ('from(bucket: "lab") |> range(sta', ['from(bucket: "lab") |> range(start:']),
        ("\\u", ["\\use"]),
        ("\\use l", ["\\use lab"]),
        ("\\lang i", ["\\lang influxql"]),
        ("\\help ", []),
    ],
)
def test_the_place_tells_what_is_offered(names: Names, typed: str, whole: list[str]) -> None:
    assert sorted(offered(names, typed)) == sorted(whole)


def test_the_hub_is_asked_once_and_again_when_time_has_passed(names: Names) -> None:
    now = [0.0]
    names._clock = lambda: now[0]
    for _ in range(3):
        assert list(names.schema("lab")) == ["pressure"]
        assert names.buckets() == ["telegraf", "lab"]
    assert len(Hub.asked) == 2
    now[0] = 31.0
    names.schema("lab")
    assert len(Hub.asked) == 3
    for number in range(20):
        names.schema(f"b{number}")
    assert len(names._schemas) <= 8


def test_a_hub_that_does_not_answer_has_no_names() -> None:
    names = Names(Endpoint("http://127.0.0.1:9"))
    assert (names.buckets(), names.schema("telegraf")) == ([], {})
    assert offered(names, "SELEC") == ["SELECT"]


def test_colours_change_no_character() -> None:
    text = "SELECT \"a\" FROM cpu WHERE b = 'it''s' AND c > 1.5e3 -- done\n|> é // x\n'open"
    line = QuestionLexer().lex_document(Document(text))
    shown = [line(number) for number in range(text.count("\n") + 1)]
    assert ["".join(part[1] for part in parts) for parts in shown] == text.split("\n")
    styles = {part[1]: part[0] for part in shown[0]}
    assert (styles["SELECT"], styles['"a"'], styles["1.5e3"]) == ("ansicyan", "ansigreen", "ansimagenta")


def test_the_history_is_private_and_stays_short(tmp_path: Path) -> None:
    path = private_history(tmp_path / "home")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    entry = b"\n# 2026-11-23 08:00:00\n+SELECT 1\n"
    path.write_bytes(entry * 50_000)
    assert private_history(tmp_path / "home") == path
    kept = path.read_bytes()
    assert len(kept) < 600_000
    assert kept == entry * (len(kept) // len(entry))
