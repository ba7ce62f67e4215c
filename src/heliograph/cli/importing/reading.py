"""Files of line protocol, read in batches: plain ones, and what ``influx_inspect export`` writes.

Such a file has a part of statements (``# DDL``) and one of lines (``# DML``), in which comments tell the
database and policy of what follows. Source: the importer of InfluxDB 1.x's shell.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Final, cast

from heliograph.errors import ConfigError

STANDARD_INPUT: Final = "-"
BATCH_LINES: Final = 5_000
BATCH_BYTES: Final = 2 * 1024 * 1024
_LONGEST_LINE: Final = 16 * 1024 * 1024
_MOST_FEEDS: Final = 1_000
"""A text value with more line feeds than this is a quote that was never closed."""
_GZIP: Final = b"\x1f\x8b"
_CONTEXT: Final = re.compile(rb"#\s*CONTEXT-(DATABASE|RETENTION-POLICY):\s*(.*?)\s*$")
_SECTION: Final = re.compile(rb"#\s*(DDL|DML)\s*$")
_KEY: Final = re.compile(rb"(?:[^\\ ]++|\\[, =]?)*+ ")
_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_TIMED: Final = re.compile(rb" -?\d+[ \r]*$")


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file, and what held there."""

    offset: int = 0
    line: int = 0
    database: str = ""
    policy: str = ""
    statements: bool = False
    """Whether statements stand there instead of lines."""

    @property
    def told(self) -> tuple[str, str, bool]:
        """What comments before have told."""
        return self.database, self.policy, self.statements


@dataclass(slots=True)
class Batch:
    """Lines of one database, or one statement; ``end`` is the place behind them."""

    begin: Mark
    end: Mark
    lines: list[bytes] = field(default_factory=list)
    statement: str = ""
    numbers: list[int] = field(default_factory=list)
    """Where in the file each line of text of them stands; a text value may have several."""


@dataclass(frozen=True, slots=True)
class Stream:
    """The bytes of a file, unpacked where they are in gzip."""

    content: IO[bytes]
    raw: IO[bytes]
    size_bytes: int
    """Of the file itself; 0 where nobody knows."""

    def share(self) -> float:
        """Return which share of the file has been read."""
        return self.raw.tell() / self.size_bytes if self.size_bytes else 0.0


@contextmanager
def opened(name: str) -> Iterator[Stream]:
    """The bytes of a file, or of standard input.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        with sys.stdin.buffer if name == STANDARD_INPUT else Path(name).open("rb") as raw:
            size = 0 if name == STANDARD_INPUT else os.fstat(raw.fileno()).st_size
            packed = cast("io.BufferedReader", raw).peek(2)[:2] == _GZIP
            yield Stream(cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if packed else raw, raw, size)
    except (EOFError, zlib.error) as error:
        raise ConfigError(f"the gzip data is cut short or damaged: {error}", path=name) from error
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror or error}", path=name) from error


def batches(source: IO[bytes], name: str, mark: Mark, time: int) -> Iterator[Batch]:
    """Yield what stands behind a mark; lines that have no time get the given one.

    Raises:
        ConfigError: a line is longer than any point.
    """
    if mark.offset:
        source.seek(mark.offset)
    reading = _Reading(name, mark)
    batch = Batch(mark, mark)
    size = 0
    for before, line in reading.lines(source):
        full = len(batch.lines) == BATCH_LINES or size >= BATCH_BYTES
        if full or before.told != batch.begin.told:
            if batch.lines:
                yield batch
            batch, size = Batch(before, before), 0
        text = line.strip()
        if text.startswith(b"#"):
            reading.comment(text)
        elif text and before.statements:
            yield Batch(before, reading.mark, statement=text.decode(errors="replace"))
        elif text:
            batch.numbers += [before.line + 1] * (1 + text.count(b"\n"))
            batch.lines.append(text if _TIMED.search(text) else b"%s %d" % (text, time))
            size += len(line)
        batch.end = reading.mark
    if batch.lines:
        yield batch


class _Reading:
    """Where reading is in a file."""

    def __init__(self, name: str, mark: Mark) -> None:
        self._name = name
        self._again: list[bytes] = []
        self.mark = mark

    def comment(self, text: bytes) -> None:
        """Read what a comment tells."""
        context, section = _CONTEXT.match(text), _SECTION.match(text)
        if context is not None:
            value = context[2].decode(errors="replace")
            if context[1] == b"DATABASE":
                self.mark = replace(self.mark, database=value, policy="")
            else:
                self.mark = replace(self.mark, policy=value)
        elif section is not None:
            self.mark = replace(self.mark, statements=section[1] == b"DDL")

    def lines(self, source: IO[bytes]) -> Iterator[tuple[Mark, bytes]]:
        """Yield line by line with the mark before it; a text value with line feeds makes one of several."""
        while line := self._next(source):
            feeds = [line]
            whole = line
            while not self.mark.statements and is_open(whole) and len(feeds) <= _MOST_FEEDS:
                following = self._next(source)
                if not following:
                    break
                feeds.append(following)
                whole += following
            if len(feeds) > 1 and is_open(whole):  # a quote that is never closed: a bad line, and others
                self._again = feeds[1:] + self._again
                feeds, whole = feeds[:1], line
            before = self.mark
            self.mark = replace(before, offset=before.offset + len(whole), line=before.line + len(feeds))
            yield before, whole

    def _next(self, source: IO[bytes]) -> bytes:
        if self._again:
            return self._again.pop(0)
        line = source.readline(_LONGEST_LINE)
        if len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
            raise ConfigError(
                f"line {self.mark.line + 1} is longer than {_LONGEST_LINE // 1024**2} MiB; is this line"
                " protocol?",
                path=self._name,
            )
        return line


def is_open(line: bytes) -> bool:
    """Return whether a line ends within a text value, whose rest stands in the next."""
    if b'"' not in line or line.startswith(b"#"):
        return False
    key = _KEY.match(line)  # quotes in names and tags are no quotes
    return key is not None and b'"' in _STRING.sub(b"", line[key.end() :])
