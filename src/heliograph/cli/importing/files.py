"""``helio import lp``: files of line protocol into the hub."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final

from heliograph.cli.hub_client import hub
from heliograph.cli.importing.compared import Compared
from heliograph.cli.importing.copying import Watcher
from heliograph.cli.importing.distinct import Distinct
from heliograph.cli.importing.journal import Journal
from heliograph.cli.importing.placing import Placing
from heliograph.cli.importing.reading import STANDARD_INPUT, Mark, batches, opened
from heliograph.cli.importing.report import (
    print_compared,
    print_reasons,
    print_refused,
    print_table,
    resumable,
    watching,
)
from heliograph.cli.importing.target import Target
from heliograph.cli.questions.times import format_time
from heliograph.errors import ConfigError
from heliograph.model.time import Precision

_PRECISIONS: Final = {"ns": Precision.NS, "us": Precision.US, "ms": Precision.MS, "s": Precision.S}


def import_files(args: argparse.Namespace) -> int:
    """Copy some files, compare, and tell."""
    if args.state and len(args.files) > 1:
        raise ConfigError("--state is for one file; each of several has a state of its own beside it")
    target = Target(hub())
    whole = True
    for file in args.files:
        importing = FileImport(file, args, target)
        if args.dry_run:
            whole = importing.preview() and whole
        elif file == STANDARD_INPUT:
            importing.copy_once()
        else:
            whole = importing.run(args.state) and whole
    print_refused(target)
    return 0 if whole and not target.refused else 1


@dataclass(frozen=True, slots=True)
class _Counted:
    """What a file has of a measurement, and what the hub had in that range of time before."""

    bucket: str
    measurement: str
    first_ns: int
    last_ns: int
    there: Counter[str]
    before: Counter[str]


class FileImport:
    """The import of one file: it is counted, copied, and compared."""

    def __init__(self, file: str, args: argparse.Namespace, target: Target) -> None:
        self._file = file
        self._unit: str = args.precision
        self._bucket: str | None = args.bucket
        self._target = target
        self._placing = Placing(target, args.bucket, dry=args.dry_run)
        self._now = time.time_ns() // _PRECISIONS[self._unit].value

    def run(self, state: Path | None) -> bool:
        """Copy the file, or what is left of it; return whether the hub has all of it.

        Raises:
            ConfigError: the file cannot be read, or the state is of another import.
            HubError: the hub does not answer. What was copied is, and is not copied again.
            QueryError: the hub refuses a statement of the file.
        """
        path = Path(self._file)
        with opened(self._file) as stream:  # before a state is made for it
            size = stream.size_bytes
        heading = {
            "source": str(path.resolve()),
            "bytes": size,
            "target": self._target.url,
            "bucket": self._bucket,
            "precision": self._unit,
        }
        state = state or path.with_name(f"{path.name}.import-state")
        with Journal(state, heading) as journal, resumable():
            if journal.resumed:
                print(f"Going on with what {journal.path} tells.", file=sys.stderr)
            self._now = journal.kept("now", self._now)
            with watching() as watcher:
                counted = self._counted(journal, watcher)
                self._copy(Mark(*(journal.get("at") or ())), watcher, journal)
            compared = [self._compare(one) for one in counted]
            whole = print_compared(compared)
            if whole:
                journal.remove()
            else:
                journal.put("at", None)  # the next try copies it once more
        return whole

    def copy_once(self) -> None:
        """Copy standard input, which is there once: nothing is counted before, or resumed."""
        with watching() as watcher:
            lines = self._copy(Mark(), watcher, None)
        print(f"{lines:,} lines, {lines - self._target.refused:,} of them written.")

    def preview(self) -> bool:
        """Print what the file has; return whether all of its lines are right."""
        with watching() as watcher, Distinct() as distinct:
            self._read_through(distinct, watcher)
            rows: list[list[object]] = [
                [
                    bucket,
                    measurement,
                    *map(format_time, distinct.spans[bucket, measurement]),
                    len(counts),
                    counts.total(),
                ]
                for (bucket, measurement), counts in distinct.counts().items()
            ]
        print_table(["into", "measurement", "first", "last", "fields", "values"], rows)
        print_reasons(f"{self._file} has", distinct.bad_lines, distinct.reasons)
        return not distinct.bad_lines

    def _counted(self, journal: Journal, watcher: Watcher) -> list[_Counted]:
        """Return what the file has by bucket and measurement, and what the hub has there before it."""
        told = journal.get("counted")
        if told is None:
            with Distinct() as distinct:
                self._read_through(distinct, watcher)
                told = [
                    [bucket, measurement, *distinct.spans[bucket, measurement], counts]
                    for (bucket, measurement), counts in distinct.counts().items()
                ]
            for one in told:
                bucket, measurement, first_ns, last_ns, _ = one
                one.append(self._target.counts(bucket, measurement, first_ns, last_ns + 1))
            journal.put("counted", told)
        return [
            _Counted(bucket, measurement, first_ns, last_ns, Counter(there), Counter(before))
            for bucket, measurement, first_ns, last_ns, there, before in told
        ]

    def _read_through(self, distinct: Distinct, watcher: Watcher) -> None:
        watcher.begin(f"reading {self._file}")
        precision = _PRECISIONS[self._unit]
        with opened(self._file) as stream:
            for batch in batches(stream.content, self._file, Mark(), self._now):
                if batch.statement:
                    self._placing.execute(batch.statement)
                    continue
                bucket = self._placing.bucket(batch.begin.database, batch.begin.policy)
                points = distinct.add(bucket, b"\n".join(batch.lines), precision, batch.numbers)
                watcher.reached(stream.share(), points)

    def _copy(self, mark: Mark, watcher: Watcher, journal: Journal | None) -> int:
        """Copy what stands behind a mark; return the number of lines."""
        watcher.begin(f"copying {self._file}")
        count = 0
        with opened(self._file) as stream:
            for batch in batches(stream.content, self._file, mark, self._now):
                if batch.statement:
                    if journal is None:
                        self._placing.execute(batch.statement)
                    continue
                bucket = self._placing.bucket(batch.begin.database, batch.begin.policy)
                self._target.write(bucket, batch.lines, self._unit, batch.numbers)
                count += len(batch.lines)
                if journal is not None:
                    journal.reached("at", astuple(batch.end))
                watcher.reached(stream.share(), len(batch.lines))
        return count

    def _compare(self, one: _Counted) -> Compared:
        here = self._target.counts(one.bucket, one.measurement, one.first_ns, one.last_ns + 1)
        return Compared(self._file, one.bucket, one.measurement, one.there, here, one.before)
