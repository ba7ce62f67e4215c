"""Questions to a hub in each of its languages, and their answers in parts as they come."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from heliograph.cli.endpoint import Endpoint, lines
from heliograph.cli.questions import annotated
from heliograph.cli.questions.language import Language
from heliograph.cli.questions.place import marked
from heliograph.cli.questions.times import format_time, in_unit, parse_time
from heliograph.errors import HubError, QueryError

ANSWER_TIMEOUT: Final = 3_660.0
"""A little more than a hub may be set to think, by limits.query_seconds."""
_PART_ROWS: Final = 10_000
_WRONG: Final = (400, 422)


@dataclass(frozen=True, slots=True)
class Question:
    """A text for a bucket; ``unit`` of times in the answer, empty for dates as text."""

    text: str
    language: Language
    bucket: str
    unit: str = ""


@dataclass(slots=True)
class Part:
    """Some rows of one table: what they have in common (``key``), their columns, and whether more follow."""

    columns: list[str]
    rows: list[list[Any]]
    key: dict[str, str] = field(default_factory=dict)
    continues: bool = False
    """These rows go on with the table of the part before."""


def ask(hub: Endpoint, question: Question) -> Iterator[Part]:
    """Yield the answer to a question in parts.

    Raises:
        QueryError: the question is wrong; the message marks the place where that is known.
        HubError: the hub does not answer, or refuses for another reason.
    """
    answering: dict[Language, Callable[[Endpoint, Question], Iterator[Part]]] = {
        Language.SQL: _sql,
        Language.INFLUXQL: _influxql,
        Language.FLUX: _flux,
    }
    with _Marking(question):
        yield from answering[question.language](hub, question)


def flux_text(hub: Endpoint, question: Question) -> Iterator[bytes]:
    """Yield the annotated CSV of an answer in Flux as the hub writes it.

    Raises:
        QueryError: the question is wrong.
        HubError: the hub does not answer, or refuses for another reason.
    """
    with _Marking(question):
        body: dict[str, Any] = {"query": question.text, "dialect": annotated.DIALECT}
        yield from hub.pieces(hub.open("POST", "/api/v2/query", body, timeout=ANSWER_TIMEOUT))


def parquet(hub: Endpoint, question: Question) -> Iterator[bytes]:
    """Yield the answer as a Parquet file.

    Raises:
        QueryError: the question is wrong.
        HubError: the hub does not answer, or refuses for another reason.
    """
    with _Marking(question):
        body: dict[str, Any] = {"db": question.bucket, "q": question.text, "format": "parquet"}
        path = f"/api/v3/query_{question.language.value}"
        yield from hub.pieces(hub.open("POST", path, body, timeout=ANSWER_TIMEOUT))


class _Marking:
    """Turns a refusal that is about the text into an error that shows where."""

    def __init__(self, question: Question) -> None:
        self._text = question.text

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, HubError) and error.status in _WRONG:
            raise QueryError(marked(self._text, error.reason)) from error


def _sql(hub: Endpoint, question: Question) -> Iterator[Part]:
    body: dict[str, Any] = {"sql": question.text, "bucket": question.bucket}
    answer = hub.json("POST", "/api/sql", body, timeout=ANSWER_TIMEOUT)
    rows: list[list[Any]] = answer["rows"]
    if question.unit:
        timed = [n for n, one in enumerate(answer["columns"]) if one["type"].startswith("TIMESTAMP")]
        for row in rows:
            for n in timed:
                row[n] = None if row[n] is None else in_unit(parse_time(row[n]), question.unit)
    yield Part([column["name"] for column in answer["columns"]], rows)


def _influxql(hub: Endpoint, question: Question) -> Iterator[Part]:
    database, _, policy = question.bucket.partition("/")
    form = {"q": question.text, "db": database, "chunked": "true", "chunk_size": str(_PART_ROWS)}
    form |= {"rp": policy} if policy else {}
    form |= {"epoch": question.unit} if question.unit else {}
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = hub.open("POST", "/query", urlencode(form).encode(), kind, timeout=ANSWER_TIMEOUT)
    partial = False
    for line in lines(hub.pieces(answer)):
        told = json.loads(line)
        if "error" in told:
            raise QueryError(told["error"])
        for result in told.get("results", []):
            for series in result.get("series", []):
                key = {"name": series["name"]} if series.get("name") else {}
                key |= series.get("tags", {})
                yield Part(series["columns"], series.get("values", []), key, continues=partial)
                partial = bool(series.get("partial"))
            if "error" in result:
                raise QueryError(marked(question.text, result["error"]))


def _flux(hub: Endpoint, question: Question) -> Iterator[Part]:
    reading = _FluxTables(question.unit)
    for heading, cells in annotated.rows(flux_text(hub, question)):
        yield from reading.add(heading, cells)
    yield from reading.end()


class _FluxTables:
    """Gathers rows of annotated CSV to tables; the group key without the range is what they share."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._table: tuple[int, str, str] | None = None
        self._part: Part | None = None
        self._shown: list[int] = []

    def add(self, heading: annotated.Heading, cells: list[str]) -> Iterator[Part]:
        """Take a row, and yield the part before where that is whole."""
        result = cells[1] or heading.defaults[1]
        table = (id(heading), result, cells[2])
        part = self._part
        if part is None or table != self._table:
            yield from self.end()
            part = self._part = self._begun(heading, cells, result)
            self._table = table
        elif len(part.rows) == _PART_ROWS:
            yield part
            part = self._part = Part(part.columns, [], part.key, continues=True)
        part.rows.append([self._value(heading, n, cells[n]) for n in self._shown])

    def end(self) -> Iterator[Part]:
        """Yield what was gathered last."""
        if self._part is not None:
            yield self._part
        self._part = None

    def _begun(self, heading: annotated.Heading, cells: list[str], result: str) -> Part:
        names, group = heading.names, heading.group
        columns = range(3, len(names))
        self._shown = [n for n in columns if not group[n]]
        key = {"result": result} if result != "_result" else {}
        key |= {
            names[n]: cells[n] or heading.defaults[n]
            for n in columns
            if group[n] and names[n] not in ("_start", "_stop")
        }
        return Part([names[n] for n in self._shown], [], key)

    def _value(self, heading: annotated.Heading, column: int, text: str) -> Any:
        value = heading.value(column, text)
        if value is None or not heading.types[column].startswith("dateTime"):
            return value
        return in_unit(value, self._unit) if self._unit else format_time(value)
