"""Ask a server all questions of a workload, and compare the servers' answers.

Cold is the first time that a variant is asked after the server's start, without results kept by the
server; warm is the second time, with all that it kept. The files are in the system's cache both times.
"""

from __future__ import annotations

import http.client
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from bench.dialects import DIALECTS, Asked
from bench.peers import Server, ServerFailed
from bench.questions import Answer, Question, agree


@dataclass(frozen=True, slots=True)
class Timing:
    """The times of one kind of question, medians over its variants."""

    cold_ms: float
    warm_ms: float


Answers: TypeAlias = dict[str, list[Answer]]


def ask_all(
    server: Server, kinds: Mapping[str, list[Question]], dialect: str = ""
) -> tuple[dict[str, Timing], Answers]:
    """Return times and answers of each kind of question, in a server's own language or another one.

    Raises:
        ServerFailed: a question was answered with an error.
    """
    timings: dict[str, Timing] = {}
    answers: Answers = {}
    dialect = dialect or server.name
    connection = server.connection()
    try:
        for kind, variants in kinds.items():
            cold = [_ask(server, connection, dialect, question, cached=False) for question in variants]
            warm = [_ask(server, connection, dialect, question, cached=True) for question in variants]
            timings[kind] = Timing(
                cold_ms=statistics.median(ms for ms, _ in cold),
                warm_ms=statistics.median(ms for ms, _ in warm),
            )
            answers[kind] = [answer for _, answer in cold]
            # threads add floats in any order, so the same question may differ in the last digit
            pairs = zip(answers[kind], (answer for _, answer in warm), strict=True)
            if not all(agree(a, b, DIALECTS[dialect].tolerance) for a, b in pairs):
                raise ServerFailed(f"{dialect} answers {kind} differently the second time")
    finally:
        connection.close()
    return timings, answers


def _ask(
    server: Server, connection: http.client.HTTPConnection, language: str, question: Question, *, cached: bool
) -> tuple[float, Answer]:
    dialect = DIALECTS[language]
    asked = dialect.ask(question, cached=cached)
    elapsed_ms, body = _timed(server, connection, asked)
    try:
        return elapsed_ms, dialect.read(question, body)
    except (KeyError, ValueError) as error:
        raise ServerFailed(f"{server.name}: {asked}: {error!r} in {body[:300]!r}") from error


def _timed(server: Server, connection: http.client.HTTPConnection, asked: Asked) -> tuple[float, bytes]:
    began = time.perf_counter()
    connection.request(asked.method, asked.path, asked.body, dict(server.headers))
    answer = connection.getresponse()
    body = answer.read()
    elapsed_ms = 1000 * (time.perf_counter() - began)
    if answer.status != 200:
        raise ServerFailed(f"{server.name}: {asked}: {answer.status} {body[:300]!r}")
    return elapsed_ms, body


def disagreements(ours: str, answers: Mapping[str, Answers]) -> dict[str, str]:
    """Return, by kind of question, with whom a server's answers differ and where first; empty if nowhere."""
    found: dict[str, str] = {}
    for other, theirs in answers.items():
        tolerance = max(DIALECTS[ours].tolerance, DIALECTS[other].tolerance)
        for kind in answers[ours].keys() & theirs.keys():
            pairs = zip(answers[ours][kind], theirs[kind], strict=True)
            differing = [(a, b) for a, b in pairs if not agree(a, b, tolerance)]
            if differing:
                found[kind] = f"{other}: {_first_difference(*differing[0])}"
    return found


def values_in(answers: Answers) -> int:
    """Return how many values some answers hold: agreement over nothing would mean nothing."""
    return sum(len(answer) for variants in answers.values() for answer in variants)


def _first_difference(ours: Answer, theirs: Answer) -> str:
    for key in sorted(ours.keys() | theirs.keys()):
        if ours.get(key) != theirs.get(key):
            return f"at {'/'.join(key)} {ours.get(key)} is not {theirs.get(key)}"
    return "nothing"
