"""The deletes that the catalogue remembers: those hidden in files, and those that a stream could undo."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from heliograph.model.predicate import Condition, Predicate
from heliograph.model.table import Batch
from heliograph.model.time import MAX_TIME_NS, MIN_TIME_NS
from heliograph.model.watermark import Watermark
from heliograph.store.database import Database
from heliograph.store.deletes.deletion import Deletion


class Deletions:
    """The catalogue's table of deletes. Not safe for several threads: the store holds the lock."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[int, Deletion] = {}
        self._latest: dict[tuple[str, str], int] = {}
        """By bucket and stream, the highest position of a delete: most messages are later than that."""
        for row in database.rows(
            "SELECT id, bucket, conditions, start_ns, end_ns, marks, settled FROM deletion ORDER BY id"
        ):
            self.enter(_deletion(row))

    def __contains__(self, id_: int) -> bool:
        return id_ in self._known

    def __getitem__(self, id_: int) -> Deletion:
        return self._known[id_]

    def insert(self, sql: sqlite3.Connection, deletion: Deletion) -> Deletion:
        """Write a delete down in a transaction and return it with its number; see :meth:`enter`."""
        conditions = json.dumps([[c.tag, c.value, c.equal] for c in deletion.predicate.conditions])
        row = (
            deletion.bucket,
            conditions,
            deletion.start_ns,
            deletion.end_ns,
            _json(deletion.marks),
            deletion.settled,
        )
        id_ = sql.execute(
            "INSERT INTO deletion (bucket, conditions, start_ns, end_ns, marks, settled)"
            " VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
            row,
        ).fetchone()[0]
        return replace(deletion, id=int(id_))

    def enter(self, deletion: Deletion) -> None:
        """Know a delete whose transaction is done."""
        self._known[deletion.id] = deletion
        for stream, mark in deletion.marks.items():
            key = deletion.bucket, stream
            self._latest[key] = max(mark.seq, self._latest.get(key, 0))

    def reach(self, bucket: str, stream: str, seq: int) -> bool:
        """Return whether a delete may mean a message at a position, or later ones."""
        return seq <= self._latest.get((bucket, stream), 0)

    def without(self, bucket: str, batch: Batch, stream: str, at: Watermark) -> Batch:
        """Return a batch without what was deleted after its message was in the stream."""
        if not self.reach(bucket, stream, at.seq):
            return batch
        for deletion in self._known.values():
            mark = deletion.marks.get(stream)
            if deletion.bucket == bucket and mark is not None and mark.passed(at.created, at.seq):
                batch = deletion.without(batch)
        return batch

    def dropped(self, bucket: str, stream: str, at: Watermark, measurement: str) -> bool:
        """Return whether all of a measurement was deleted after a message was in the stream."""
        return self.reach(bucket, stream, at.seq) and any(
            deletion.bucket == bucket
            and deletion.predicate.names(measurement)
            and deletion.covers(MIN_TIME_NS, MAX_TIME_NS)
            and (mark := deletion.marks.get(stream)) is not None
            and mark.passed(at.created, at.seq)
            for deletion in self._known.values()
        )

    def unsettled(self, bucket: str | None = None) -> list[Deletion]:
        """Return the deletes after which the list of series is not right yet."""
        return [d for d in self._known.values() if not d.settled and bucket in (None, d.bucket)]

    def settle(self, sql: sqlite3.Connection, deletion: Deletion) -> Deletion:
        """Write down in a transaction that the list of series is right again; see :meth:`enter`."""
        sql.execute("UPDATE deletion SET settled = 1 WHERE id = ?", (deletion.id,))
        return replace(self._known[deletion.id], settled=True)

    def cut(self, stream: str, created: str, last_seq: int) -> None:
        """Take back positions that a stream has lost: messages that get them now are new."""

        def change(mark: Watermark) -> Watermark:
            lost = mark.created == created and mark.seq > last_seq
            return Watermark(created, last_seq) if lost else mark

        self._change(stream, change)

    def release(self, stream: str, created: str, first_seq: int) -> None:
        """Forget positions whose messages a stream holds no longer."""
        self._change(stream, lambda mark: None if mark.created == created and mark.seq < first_seq else mark)

    def _change(self, stream: str, change: Callable[[Watermark], Watermark | None]) -> None:
        changed = []
        for deletion in self._known.values():
            mark = deletion.marks.get(stream)
            new = mark and change(mark)
            if new != mark:
                others = {name: m for name, m in deletion.marks.items() if name != stream}
                changed.append(replace(deletion, marks=others | ({} if new is None else {stream: new})))
        if not changed:
            return
        with self._database.transaction() as sql:
            sql.executemany(
                "UPDATE deletion SET marks = ? WHERE id = ?", [(_json(d.marks), d.id) for d in changed]
            )
        self._latest = {key: seq for key, seq in self._latest.items() if key[1] != stream}
        self._known |= {d.id: d for d in changed}
        for deletion in self._known.values():
            self.enter(deletion)

    def prune(self, in_files: Iterable[int]) -> None:
        """Forget settled deletes that no stream could undo and whose numbers no file is marked with."""
        used = set(in_files)
        gone = [d.id for d in self._known.values() if d.settled and not d.marks and d.id not in used]
        if gone:
            with self._database.transaction() as sql:
                sql.executemany("DELETE FROM deletion WHERE id = ?", [(id_,) for id_ in gone])
        self.forget(gone)

    def drop_bucket(self, sql: sqlite3.Connection, bucket: str) -> list[int]:
        """Remove a bucket's deletes in a transaction and return their numbers, for :meth:`forget`."""
        sql.execute("DELETE FROM deletion WHERE bucket = ?", (bucket,))
        return [d.id for d in self._known.values() if d.bucket == bucket]

    def forget(self, ids: Iterable[int]) -> None:
        """Know some deletes no longer, whose transaction is done."""
        for id_ in ids:
            del self._known[id_]


def _json(marks: Mapping[str, Watermark]) -> str:
    return json.dumps({stream: [mark.created, mark.seq] for stream, mark in marks.items()})


def _deletion(row: tuple[Any, ...]) -> Deletion:
    id_, bucket, conditions, start_ns, end_ns, marks, settled = row
    predicate = Predicate(tuple(Condition(*c) for c in json.loads(conditions)))
    positions = {stream: Watermark(*mark) for stream, mark in json.loads(marks).items()}
    return Deletion(id_, bucket, predicate, start_ns, end_ns, positions, bool(settled))
