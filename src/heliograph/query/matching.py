"""How many points a predicate means."""

from __future__ import annotations

from heliograph.model.predicate import Predicate
from heliograph.store.deletes.deletion import series_sql
from heliograph.store.relation import Register, Snapshot, render


def matching_sql(
    snapshot: Snapshot, register: Register, predicate: Predicate, start_ns: int, end_ns: int
) -> str:
    """Return the statement that counts the points of a measurement which a predicate names."""
    rows = render(snapshot, register, start_ns=start_ns, end_ns=end_ns, fields=())
    return f"SELECT count(*) FROM ({rows}) WHERE {series_sql(predicate, snapshot.measurement)}"
