"""How each server is asked a question, and how its answer is read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import urlencode

from bench.questions import Answer, Question, Shape
from bench.workloads.workload import Probe, Workload

_LAST: Final = (Shape.LAST, Shape.LAST_VALUES)


@dataclass(frozen=True, slots=True)
class Asked:
    """One HTTP request."""

    method: str
    path: str
    body: bytes = b""


class Dialect(Protocol):
    """The language of one server."""

    @property
    def tolerance(self) -> float:
        """How far its values may be from another server's, relative to the value."""

    def ask(self, question: Question, *, cached: bool) -> Asked:
        """Return the request; ``cached`` lets the server answer from results that it kept."""

    def read(self, question: Question, body: bytes) -> Answer:
        """Return what an answer says."""

    def count(self, workload: Workload) -> list[Asked]:
        """Return requests that together count the points of all probes."""

    def counted(self, bodies: Sequence[bytes]) -> int:
        """Return the sum of what the answers to :meth:`count` say."""

    def countable(self, probe: Probe) -> bool:
        """Tell whether the server keeps such values."""


class HubDialect:
    """``/api/query``, in which every question can be asked."""

    tolerance: Final = 1e-9

    def ask(self, question: Question, *, cached: bool) -> Asked:  # noqa: ARG002 - the hub keeps no results
        return Asked("POST", "/api/query", json.dumps(self._plan(question)).encode())

    def _plan(self, question: Question) -> dict[str, Any]:
        whole = question.end_s - question.start_s
        query: dict[str, Any] = {
            "id": "a",
            "measurement": question.measurement,
            "fields": question.fields,
            "fn": question.function or "points",
            "where": question.where,
            "group_by": question.group_by,
        }
        if question.shape is Shape.NEWEST:
            query |= {"limit": question.limit, "newest": True}
        if question.shape is Shape.ROWS:
            query["conditions"] = [[question.fields[0], ">", question.above]]
        if question.at_most is not None:
            query["conditions"] = [[question.fields[0], "<=", question.at_most]]
        step_s = question.interval_s if question.shape in (Shape.GRID, Shape.NEWEST) else whole
        return _range(question.start_s, question.end_s, step_s) | {"queries": [query]}

    def read(self, question: Question, body: bytes) -> Answer:
        (result,) = json.loads(body)["results"]
        if "error" in result:
            raise ValueError(result["error"])
        return dict(self._points(question, result) if "fields" in result else self._grid(question, result))

    def _points(self, question: Question, result: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], float]]:
        if result["truncated"]:
            raise ValueError(f"the hub cut the answer after {len(result['time_ms'])} points")
        name = question.fields[0]
        tags = [result["tags"][tag] for tag in question.group_by]
        for time_ms, value, *groups in zip(result["time_ms"], result["fields"][name], *tags, strict=True):
            yield (name, *groups, str(time_ms // 1000)), float(value)

    def _grid(self, question: Question, result: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], float]]:
        for series in result["series"]:
            key = (series["field"], *(series["tags"].get(tag, "") for tag in question.group_by))
            for time_ms, value in zip(result["time_ms"], series["values"], strict=True):
                if value is not None:
                    moment = () if question.shape in _LAST else (str(time_ms // 1000),)
                    yield key + moment, float(value)

    def countable(self, probe: Probe) -> bool:  # noqa: ARG002 - it keeps all types
        return True

    def count(self, workload: Workload) -> list[Asked]:
        by_measurement: dict[str, list[str]] = {}
        for probe in workload.probes:
            by_measurement.setdefault(probe.measurement, []).append(probe.field)
        queries = [
            {"measurement": m, "fields": fields, "fn": "count"} for m, fields in by_measurement.items()
        ]
        whole = workload.end_s - workload.start_s
        body = _range(workload.start_s, workload.end_s, whole) | {"queries": queries}
        return [Asked("POST", "/api/query", json.dumps(body).encode())]

    def counted(self, bodies: Sequence[bytes]) -> int:
        results = [result for body in bodies for result in json.loads(body)["results"]]
        series = [series for result in results for series in result.get("series", ())]
        return sum(value or 0 for each in series for value in each["values"])


def _range(start_s: int, end_s: int, step_s: int) -> dict[str, Any]:
    return {"start_ms": start_s * 1000, "end_ms": end_s * 1000, "interval_ms": step_s * 1000}


class InfluxDialect:
    """InfluxQL."""

    tolerance: Final = 1e-9

    def ask(self, question: Question, *, cached: bool) -> Asked:  # noqa: ARG002 - influxd keeps no results
        epoch = "ms" if question.shape is Shape.PANEL else "s"
        return self._request(self._influxql(question), epoch)

    def _request(self, text: str, epoch: str = "s") -> Asked:
        return Asked("GET", f"/query?{urlencode({'db': 'telegraf', 'epoch': epoch, 'q': text})}")

    def _influxql(self, question: Question) -> str:
        if question.shape is Shape.PANEL:
            return question.text
        conditions = [f"time >= {question.start_s}s AND time < {question.end_s}s"]
        for tag, values in question.where.items():
            conditions += ["(" + " OR ".join(f"\"{tag}\" = '{value}'" for value in values) + ")"]
        groups = [f'"{tag}"' for tag in question.group_by]
        table = f'"{question.measurement}"'
        if question.shape is Shape.LAST:
            return f"SELECT * FROM {table} GROUP BY {groups[0]} ORDER BY time DESC LIMIT 1"
        if question.shape is Shape.ROWS:
            conditions += [f'"{question.fields[0]}" > {question.above:g}']
            return f"SELECT * FROM {table} WHERE {' AND '.join(conditions)}"
        columns = ", ".join(f'{question.function}("{name}") AS "{name}"' for name in question.fields)
        if question.shape is Shape.LAST_VALUES:
            if question.at_most is not None:
                conditions += [f'"{question.fields[0]}" <= {question.at_most:g}']
            return (
                f"SELECT {columns} FROM {table} WHERE {' AND '.join(conditions)} GROUP BY {', '.join(groups)}"
            )
        grouping = ", ".join([f"time({question.interval_s}s)", *groups])
        newest = f" ORDER BY time DESC LIMIT {question.limit}" if question.shape is Shape.NEWEST else ""
        return (
            f"SELECT {columns} FROM {table} WHERE {' AND '.join(conditions)}"
            f" GROUP BY {grouping} fill(none){newest}"
        )

    def read(self, question: Question, body: bytes) -> Answer:
        (result,) = json.loads(body)["results"]
        if "error" in result:
            raise ValueError(result["error"])
        return {
            key: value for series in result.get("series", ()) for key, value in self._read(question, series)
        }

    def _read(self, question: Question, series: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], float]]:
        if question.shape is Shape.PANEL:
            yield from _every_value(series)
            return
        fields = question.fields[:1] if question.shape is Shape.ROWS else question.fields
        for row in series["values"]:
            named = dict(zip(series["columns"], row, strict=True)) | series.get("tags", {})
            groups = [named[tag] for tag in question.group_by]
            moment = () if question.shape in _LAST else (str(named["time"]),)
            for name in fields:
                if named[name] is not None:
                    yield (name, *groups, *moment), float(named[name])

    def countable(self, probe: Probe) -> bool:  # noqa: ARG002 - it keeps all types
        return True

    def count(self, workload: Workload) -> list[Asked]:
        statements = [f'SELECT count("{p.field}") FROM "{p.measurement}"' for p in workload.probes]
        return [self._request(";".join(statements))]

    def counted(self, bodies: Sequence[bytes]) -> int:
        results = [result for body in bodies for result in json.loads(body)["results"]]
        series = [series for result in results for series in result.get("series", ())]
        return sum(row[1] for each in series for row in each["values"])


def _every_value(series: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], float]]:
    """Yield what stands in any column of a series; a text, and a gap that is shown, stand in the key."""
    tags = [f"{tag}={value}" for tag, value in sorted(series.get("tags", {}).items())]
    for number, row in enumerate(series["values"]):
        for column, value in zip(series["columns"], row, strict=True):
            key = (series["name"], *tags, column, str(number))
            if isinstance(value, int | float):
                yield key, float(value)
            else:
                yield (*key, str(value)), 0.0


class VictoriaDialect:
    """MetricsQL; its windows end at a moment and exclude their beginning, hence the offset."""

    tolerance: Final = 1e-6  # it rounds what it stores

    def ask(self, question: Question, *, cached: bool) -> Asked:
        parameters: dict[str, str | int] = {"query": self._metricsql(question)}
        if not cached:
            parameters["nocache"] = 1
        if question.shape in _LAST:
            return Asked("GET", f"/api/v1/query?{urlencode(parameters | {'time': question.end_s - 1})}")
        start_s = question.start_s
        if question.shape is Shape.NEWEST:
            start_s = question.end_s - question.limit * question.interval_s
        end_s = question.end_s - question.interval_s
        parameters |= {"start": start_s, "end": end_s, "step": f"{question.interval_s}s"}
        return Asked("GET", f"/api/v1/query_range?{urlencode(parameters)}")

    def _metricsql(self, question: Question) -> str:
        if question.shape in _LAST:
            span_s = question.end_s - question.start_s
            selected = self._selector(question, question.fields)
            if question.at_most is not None:
                return (
                    f"last_over_time(({selected} <= {question.at_most:g})[{span_s}s:{question.interval_s}s])"
                )
            return f"last_over_time({selected}[{span_s}s])"
        step_s = question.interval_s
        window = f"[{step_s}s] offset -{step_s * 1000 - 1}ms"
        if question.shape is Shape.ROWS:
            selected = self._selector(question, question.fields[:1])
            return f"last_over_time({selected}{window}) > {question.above:g}"
        selected = self._selector(question, question.fields)
        function = {"mean": "avg"}.get(question.function, question.function)
        groups = ", ".join(["__name__", *question.group_by])
        return f"{function}({function}_over_time({selected}{window})) by ({groups})"

    def _selector(self, question: Question, fields: Sequence[str]) -> str:
        names = "|".join(f"{question.measurement}_{name}" for name in fields)
        matchers = [f'__name__=~"{names}"' if len(fields) > 1 else f'__name__="{names}"']
        for tag, values in question.where.items():
            matchers += [f'{tag}=~"{"|".join(v.replace(".", "[.]") for v in values)}"']
        return "{" + ",".join(matchers) + "}"

    def read(self, question: Question, body: bytes) -> Answer:
        answer = json.loads(body)
        if answer["status"] != "success":
            raise ValueError(str(answer))
        return {
            key: value for series in answer["data"]["result"] for key, value in self._read(question, series)
        }

    def _read(self, question: Question, series: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], float]]:
        metric = series["metric"]
        name = metric["__name__"].removeprefix(f"{question.measurement}_")
        groups = [metric.get(tag, "") for tag in question.group_by]
        if question.shape in _LAST:
            yield (name, *groups), float(series["value"][1])
            return
        for time_s, value in series["values"]:
            yield (name, *groups, str(int(time_s))), float(value)

    def countable(self, probe: Probe) -> bool:
        return not probe.is_text

    def count(self, workload: Workload) -> list[Asked]:
        span_s = workload.end_s - workload.start_s
        return [
            Asked("GET", f"/api/v1/query?{urlencode(self._count(probe, span_s, workload.end_s - 1))}")
            for probe in workload.probes
            if self.countable(probe)
        ]

    def _count(self, probe: Probe, span_s: int, time_s: int) -> dict[str, str | int]:
        query = f'sum(count_over_time({{__name__="{probe.measurement}_{probe.field}"}}[{span_s}s]))'
        return {"query": query, "time": time_s, "nocache": 1}

    def counted(self, bodies: Sequence[bytes]) -> int:
        results = [json.loads(body)["data"]["result"] for body in bodies]
        return sum(int(result[0]["value"][1]) for result in results if result)


BY_INFLUXQL: Final = "heliograph by InfluxQL"
DIALECTS: Final[dict[str, Dialect]] = {
    "heliograph": HubDialect(),
    BY_INFLUXQL: InfluxDialect(),
    "influxd": InfluxDialect(),
    "victoria-metrics": VictoriaDialect(),
}
