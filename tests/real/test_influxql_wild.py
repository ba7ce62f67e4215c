"""InfluxQL as nobody asks it, of points as nobody has them: influxd and the hub answer the same.

The questions are drawn from the language (``tests/influxql_wild``). ``HELIO_INFLUXQL_QUESTIONS`` sets how
many (300), ``HELIO_INFLUXQL_SEED`` which ones; the seed is printed. influxd is started again where it
dies or hangs, and what it has no answer to is not compared.
"""

from __future__ import annotations

import http.client
import json
import os
import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode

import pytest

from heliograph.errors import QuerySyntaxError
from heliograph.query.influxql.parser import parse
from tests.influxql_wild.broken import BrokenTexts
from tests.influxql_wild.points import World, world
from tests.influxql_wild.questions import Question, Questions
from tests.influxql_wild.targets import Targets
from tests.real.hub_process import HubProcess
from tests.real.test_influxd_oracle import INFLUXD, Influxd
from tests.real.test_influxql_oracle import close, same

QUESTIONS = int(os.environ.get("HELIO_INFLUXQL_QUESTIONS", "300"))
SEED = int(os.environ.get("HELIO_INFLUXQL_SEED", "1"))
PER_WORLD = 100
"""So many questions are asked about one set of points."""
NOT_OURS = (
    *("GROUP BY time(...)", "found DEFAULT, expected identifier", "found WHERE, expected ;"),
    *("expected regex", "found ::, expected ;", "found , expected"),  # and places that are told in comments
)
"""What InfluxDB 1.6 does not take, and 1.8 or the hub does: docs/influxql.md."""
CHANGES = re.compile(r"(?i)DROP|CREATE|ALTER|DELETE|GRANT|REVOKE|SET|KILL|INTO")
NEWER = {", FUTURE, PAST at": " at", "IN, =, !=, =~, !~ at": "IN, =, =~ at", "=, !=, =~, !~ at": "=, =~ at"}
"""Words that InfluxDB 1.8 expects and 1.6 does not."""

pytestmark = [
    pytest.mark.timeout(400 + QUESTIONS),
    pytest.mark.skipif(INFLUXD is None, reason="influxdb is not installed (make test installs it)"),
]
Answer = tuple[int, Any]


class RestartedInfluxd:
    """An influxd that is started again, with its points, when a question was too much for it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = self._started()

    def _started(self) -> Influxd:
        server = Influxd(self._folder)
        server.wait_ready()
        return server

    def ask(self, path: str, body: bytes = b"", accept: str = "application/json") -> tuple[int, bytes] | None:
        """Return status and body of an answer, None if there was none."""
        try:
            return self._server.ask("POST", path, body, {"Accept": accept})
        except (OSError, http.client.HTTPException):
            self._server.stop()
            self._server = self._started()
            return None

    def stop(self) -> None:
        """End it."""
        self._server.stop()


@pytest.fixture
def influxd(tmp_path: Path) -> Iterator[RestartedInfluxd]:
    """A running influxd."""
    folder = tmp_path / "influxd"
    folder.mkdir()
    server = RestartedInfluxd(folder)
    try:
        yield server
    finally:
        server.stop()


def ask_hub(
    hub: HubProcess, path: str, body: bytes = b"", accept: str = "application/json"
) -> tuple[int, bytes]:
    status, _, answer = hub.request("POST", path, body, headers={"Accept": accept})
    return status, answer


def ask_hub_often(hub: HubProcess, question: Question) -> tuple[int, bytes]:
    """Return the answer of the third time: by then it may be given at once, or be one that was kept."""
    path, accept = path_of(question), question.accept
    answer = ask_hub(hub, path, accept=accept)
    if CHANGES.search(question.text):
        return answer
    again = [hub.request("GET", path, headers={"Accept": accept}) for _ in range(2)]
    return again[-1][0], again[-1][2]


def fill(influxd: RestartedInfluxd, hub: HubProcess, points: World) -> None:
    """Give both the points in a new database."""
    for text in (
        "DROP DATABASE wild",
        "CREATE DATABASE wild",
        'CREATE RETENTION POLICY "long term" ON wild DURATION INF REPLICATION 1',
    ):
        path = f"/query?{urlencode({'q': text})}"
        assert influxd.ask(path) is not None
        ask_hub(hub, path)
    for policy, lines in points.lines.items():
        path = f"/write?{urlencode({'db': 'wild', 'rp': policy})}"
        written = influxd.ask(path, lines.encode())
        assert written is not None
        assert (written[0], ask_hub(hub, path, lines.encode())[0]) == (204, 204)


def path_of(question: Question) -> str:
    return f"/query?{urlencode({'db': 'wild', **question.parameters, 'q': question.text})}"


def read(answer: tuple[int, bytes], accept: str) -> Answer | None:
    """Return an answer's status and content; None of numbers that JSON cannot say."""
    status, body = answer
    text = body.decode()
    if accept != "application/json":
        return None if "Inf" in text else (status, text)
    try:
        return status, [json.loads(line) for line in text.split("\n") if line.strip()]
    except ValueError:
        return None


def equal(theirs: Answer, ours: Answer) -> bool:
    if isinstance(theirs[1], str):
        return theirs[0] == ours[0] and equal_tables(theirs[1], ours[1])
    return theirs[0] == ours[0] and same(without_function(theirs[1]), without_function(ours[1]))


def equal_tables(theirs: str, ours: str) -> bool:
    lines = zip_longest(theirs.split("\n"), ours.split("\n"), fillvalue="")
    return all(one == other or equal_cells(one.split(","), other.split(",")) for one, other in lines)


def equal_cells(theirs: list[str], ours: list[str]) -> bool:
    return len(theirs) == len(ours) and all(
        one == other or (is_number(one) and is_number(other) and close(float(one), float(other)))
        for one, other in zip(theirs, ours, strict=True)
    )


def is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None


def without_function(answer: Any) -> Any:
    """Return an answer whose error does not tell which of several functions was looked at first."""
    text = json.dumps(answer)
    found = re.sub(r"unsupported [a-z ]+ iterator", "unsupported iterator", text)
    return answer if found == text else json.loads(found)


def has_answer(question: Question, theirs: Any) -> bool:
    """Whether influxd answered: it says "not executed" in the place of an error, and panics at times."""
    text = json.dumps(theirs)
    return "panic:" not in text and not (";" in question.text and "not executed" in text)


def worlds(count: int) -> Iterator[tuple[Random, World, int]]:
    for part in range(0, count, PER_WORLD):
        random = Random(SEED + part)
        yield random, world(random), min(PER_WORLD, count - part)


def test_wild_questions_have_the_same_answers(influxd: RestartedInfluxd, hub: HubProcess) -> None:
    print(f"\nHELIO_INFLUXQL_SEED={SEED}")  # noqa: T201
    wrong = []
    for random, points, count in worlds(QUESTIONS):
        fill(influxd, hub, points)
        questions = Questions(random, points.era)
        for _ in range(count):
            question = questions.question()
            answer = influxd.ask(path_of(question), accept=question.accept)
            theirs = None if answer is None else read(answer, question.accept)
            if theirs is None or not has_answer(question, theirs):
                continue
            ours = read(ask_hub_often(hub, question), question.accept)
            if ours is None or not equal(theirs, ours):
                wrong.append(f"{question}\n  influxd {str(theirs)[:1_500]}\n  hub     {str(ours)[:1_500]}")
    assert not wrong, f"{len(wrong)} of {QUESTIONS} answers differ, seed {SEED}:\n" + "\n".join(wrong[:5])


def test_what_into_writes_is_read_back_the_same(influxd: RestartedInfluxd, hub: HubProcess) -> None:
    print(f"\nHELIO_INFLUXQL_SEED={SEED}")  # noqa: T201
    wrong = []
    for random, points, count in worlds(QUESTIONS // 5):
        fill(influxd, hub, points)
        targets = Targets(random, points.era)
        for _ in range(count):
            statement, questions = targets.statement()
            for text in (statement, *questions):
                path = path_of(Question(text))
                answer = influxd.ask(path)
                theirs = None if answer is None else read(answer, "application/json")
                ours = read(ask_hub(hub, path), "application/json")
                if theirs is not None and (ours is None or not equal(theirs, ours)):
                    wrong.append(f"{statement}\n  {text}\n  influxd {theirs}\n  hub     {ours}")
    assert not wrong, f"{len(wrong)} answers differ, seed {SEED}:\n" + "\n".join(wrong[:5])[:5_000]


def test_broken_texts_are_refused_in_the_same_words(influxd: RestartedInfluxd, hub: HubProcess) -> None:
    print(f"\nHELIO_INFLUXQL_SEED={SEED}")  # noqa: T201
    random = Random(SEED)
    points = world(random)
    fill(influxd, hub, World(points.era, {"autogen": "m,host=a v=1,n=1i 1000000000"}))
    texts = BrokenTexts(random, Questions(random, points.era))
    wrong = []
    for _ in range(QUESTIONS):
        text = texts.text()
        if not text.strip() or "::/*" in text or (is_read(text) and CHANGES.search(text)):
            continue  # what would change something is not asked
        path = path_of(Question(text))
        answer = influxd.ask(path)
        if answer is None:
            continue
        status, body = ask_hub(hub, path)
        theirs = error(answer[1])
        if any(words in theirs for words in NOT_OURS) or b"found duplicate" in body:
            continue
        if answer[0] == 200 and b"overflowed duration" in body:
            continue  # InfluxDB looks only whether the number that is left is negative
        if status != answer[0] or (status == 400 and theirs != shown(error(body))):
            wrong.append(f"{text!r}\n  influxd {answer[0]} {answer[1]!r}\n  hub     {status} {body!r}")
    assert not wrong, f"{len(wrong)} of {QUESTIONS} texts, seed {SEED}:\n" + "\n".join(wrong[:5])[:5_000]


def is_read(text: str) -> bool:
    try:
        parse(text)
    except QuerySyntaxError:
        return False
    return True


def error(body: bytes) -> str:
    return str(json.loads(body).get("error", ""))


def shown(text: str) -> str:
    for newer, older in NEWER.items():
        text = text.replace(newer, older)
    return text
