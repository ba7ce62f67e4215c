"""EXPLAIN: what a SELECT would read, and with ANALYZE how long it took."""

from __future__ import annotations

import time

from heliograph.query.influxql.answer.prepare import Prepared, prepare
from heliograph.query.influxql.answer.run import select_series
from heliograph.query.influxql.answer.session import Session
from heliograph.query.influxql.plan.shapes import Series
from heliograph.query.influxql.text import expression_text
from heliograph.query.influxql.tree import Explain


def explain(session: Session, node: Explain) -> list[Series]:
    """Answer an EXPLAIN."""
    began = time.perf_counter()
    prepared = prepare(session, node.select)
    planned = time.perf_counter()
    lines = [f"EXPRESSION: {', '.join(expression_text(entry.expression) for entry in prepared.fields)}"]
    lines += _sources(prepared)
    if node.analyze:
        series = select_series(session, prepared)
        lines += [
            f"SERIES OF THE ANSWER: {len(series)}",
            f"ROWS OF THE ANSWER: {sum(len(one.rows) for one in series)}",
            f"PLANNING: {(planned - began) * 1e3:.3f}ms",
            f"EXECUTION: {(time.perf_counter() - planned) * 1e3:.3f}ms",
        ]
    title = "EXPLAIN ANALYZE" if node.analyze else "QUERY PLAN"
    return [Series("", {}, [title], [[line] for line in lines])]


def _sources(prepared: Prepared) -> list[str]:
    lines = []
    for source in prepared.sources:
        if isinstance(source, Prepared):
            lines += [f"    {line}" for line in ["SUBQUERY", *_sources(source)]]
            continue
        segments = [
            s
            for s in source.snapshot.segments
            if s.min_ns <= prepared.span.end_ns and s.max_ns >= prepared.span.start_ns
        ]
        lines += [
            f"MEASUREMENT: {source.name} IN {source.bucket}",
            f"NUMBER OF FILES: {len(segments)}",
            f"SIZE OF FILES: {sum(s.size_bytes for s in segments)}",
            f"ROWS IN FILES: {sum(s.rows for s in segments)}",
            f"ROWS IN MEMORY: {sum(hot.count for hot in source.snapshot.hot)}",
        ]
    return lines
