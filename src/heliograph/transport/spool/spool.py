"""Messages on disk until the broker has them: in order, bounded, and counted whatever happens to them.

Between whoever makes messages (an app, the agent) and the connection. Nothing here waits or knows of
tasks; the owner calls `sync` in a thread as often as its policy says. Not safe for two threads at once,
but for `sync`.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from heliograph.errors import ConfigError, SpoolError
from heliograph.transport.spool.clocks import Clocks, system_clocks
from heliograph.transport.spool.record import LONGEST_BODY_BYTES, Record, Stamp, pack
from heliograph.transport.spool.segments import (
    Segment,
    keep_the_rest,
    list_segments,
    make_folder,
    read_from,
    scan,
    segment_path,
    sync_folder,
)

log = logging.getLogger(__name__)

SEGMENT_BYTES: Final = 256 * 1024
DEFAULT_BYTES: Final = 64 * 1024 * 1024
DEFAULT_AGE: Final = 7 * 86_400.0
_SECOND_NS: Final = 1_000_000_000
_GIVEN_BACK: Final = 10_000
"""More than anybody has under way at once."""


class Place(NamedTuple):
    """Where a record stands, by which it is acknowledged."""

    segment: int
    offset: int


@dataclass(slots=True)
class SpoolStatistics:
    """What went through a spool since it was opened, in records where nothing else is said."""

    found: int = 0
    """Left by an earlier run."""
    appended: int = 0
    acknowledged: int = 0
    dropped: int = 0
    """Given up, the oldest first, because there was no room."""
    expired: int = 0
    """Given up because they were too old."""
    damaged_bytes: int = 0
    """Bytes of files that are no records, as a power cut leaves them at the end."""
    taken_bytes: int = 0
    """Payload that came in."""
    written_bytes: int = 0
    """What was written for it."""
    syncs: int = 0
    high_water_bytes: int = 0


class Spool:
    """Messages that wait on disk.

    Args:
        folder: made if it is not there; of one program at a time.
        max_bytes: of all files; the oldest file goes when there would be more.
        max_age: seconds after which a record is not worth sending any more.
        segment_bytes: when the next file begins; a file goes when all of it is acknowledged, so after a
            crash at most so much is handed out once more.
        clocks: returns the time.

    Raises:
        ConfigError: another program uses the folder, or the limits make no sense.
        SpoolError: the folder cannot be read.
    """

    def __init__(
        self,
        folder: Path,
        *,
        max_bytes: int = DEFAULT_BYTES,
        max_age: float = DEFAULT_AGE,
        segment_bytes: int = SEGMENT_BYTES,
        clocks: Clocks | None = None,
    ) -> None:
        if max_bytes < 2 * segment_bytes:
            raise ConfigError(f"a spool has {2 * segment_bytes} bytes or more, {max_bytes} came")
        self.folder = folder
        self.statistics = SpoolStatistics()
        self._max_bytes = max_bytes
        self._max_age_ns = int(max_age * _SECOND_NS)
        self._segment_bytes = segment_bytes
        self._now = clocks or system_clocks()
        self._file = -1
        self._file_lock = threading.Lock()
        """Held while the number of the file is used or given back to the system."""
        self._unsynced = False
        self._is_full = False
        self._read: tuple[int, bytes] = (0, b"")
        self._boots: dict[bytes, Stamp] = {}
        """The last stamp of each boot of which there were records: what its clock had been set to by then."""
        self._given_back: deque[tuple[Place, Record]] = deque(maxlen=_GIVEN_BACK)
        try:
            make_folder(folder)
            self._lock = _lock(folder)
            self._segments = list_segments(folder)
            self._look_at_files()
        except OSError as error:
            raise SpoolError(str(folder), f"cannot be read: {error.strerror}") from error
        self._last = self._segments[-1].number if self._segments else 0
        self.size_bytes = sum(segment.size_bytes for segment in self._segments)

    def __len__(self) -> int:
        """Return how many records wait, those that were handed out with them."""
        return sum(segment.written - segment.finished for segment in self._segments)

    @property
    def is_drained(self) -> bool:
        """Whether nothing is left to be handed out."""
        return not self._given_back and all(s.read_to >= s.size_bytes for s in self._segments)

    def append(self, record: Record, *, held: bool = False) -> Place:
        """Write a record; it outlasts this program from here on, and a power cut from the next `sync` on.

        With ``held`` it counts as handed out already, to the caller.

        Raises:
            SpoolError: the disk did not take it, or it is larger than what can be read again.
        """
        data = pack(record)
        if len(data) > LONGEST_BODY_BYTES:
            reason = f"takes messages of {LONGEST_BODY_BYTES:,} bytes or less, {len(data):,} came"
            raise SpoolError(str(self.folder), reason)
        segment = self._segment_for(len(data))
        try:
            _write_all(self._file, data)
        except OSError as error:
            self._cut(segment)
            raise SpoolError(str(self.folder), f"cannot be written: {error.strerror}") from error
        place = Place(segment.number, segment.size_bytes)
        if held:
            segment.waiting.add(place.offset)
        segment.size_bytes += len(data)
        segment.written += 1
        self.size_bytes += len(data)
        self._unsynced = True
        statistics = self.statistics
        statistics.appended += 1
        statistics.taken_bytes += len(record.payload)
        statistics.written_bytes += len(data)
        statistics.high_water_bytes = max(statistics.high_water_bytes, self.size_bytes)
        return place

    def shift_ns(self, stamp: Stamp) -> int:
        """Return what to add to a time of this stamp's moment: by how much the clock was set later.

        For an earlier boot that is what its last record knows of it.
        """
        return stamp.shift_ns(self._latest(stamp))

    def _latest(self, stamp: Stamp) -> Stamp:
        now = self._now()
        return now if stamp.boot == now.boot else self._boots.get(stamp.boot, stamp)

    def _age_ns(self, stamp: Stamp) -> int:
        shift_ns = 0 if stamp.boot == (now := self._now()).boot else self.shift_ns(stamp)
        return stamp._replace(wall_ns=stamp.wall_ns + shift_ns).age_ns(now)

    def sync(self) -> None:
        """Make what was appended outlast a power cut; may be called in a thread beside the others.

        Raises:
            SpoolError: the disk did not do it.
        """
        if not self._unsynced or self._file < 0:
            return
        self._unsynced = False
        try:
            with self._file_lock:  # who appends may close the file meanwhile
                if self._file < 0:
                    return
                handle = os.dup(self._file)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            self._unsynced = True
            raise SpoolError(str(self.folder), f"cannot be written: {error.strerror}") from error
        self.statistics.syncs += 1

    def take(self) -> tuple[Place, Record] | None:
        """Hand out the oldest record that is not handed out; None if there is none.

        It stays until `ack`; `give_back` has it handed out again.
        """
        while self._given_back:
            place, record = self._given_back.popleft()
            segment = self._find(place.segment)
            if segment is not None and place.offset in segment.waiting:
                return place, record
        for segment in list(self._segments):
            taken = self._take_from(segment)
            if taken is not None:
                return taken
        return None

    def ack(self, place: Place) -> None:
        """Let go of a record that the broker has."""
        segment = self._find(place.segment)
        if segment is None:  # it was dropped meanwhile
            return
        segment.waiting.discard(place.offset)
        if place.offset >= segment.read_to:
            segment.done_ahead.add(place.offset)
        segment.finished += 1
        self.statistics.acknowledged += 1
        self._remove_if_done(segment)

    def give_back(self, place: Place, record: Record) -> None:
        """Have a record handed out again, before the others: it could not be sent."""
        self._given_back.append((place, record))

    def close(self) -> None:
        """Make all durable and give the folder free.

        Records that were handed out and not acknowledged are handed out again by the next run; the others
        are not, unless the disk does not let us write that down.
        """
        try:
            self.sync()
            self._close_file()
            for segment in self._segments:
                if segment.is_done:
                    segment.path.unlink()
                elif segment.finished:
                    keep_the_rest(segment)
        except (OSError, SpoolError) as error:
            log.warning("%s cannot be tidied, some messages may be sent again: %s", self.folder, error)
        finally:
            self._close_file()
            if self._lock >= 0:
                os.close(self._lock)
                self._lock = -1

    def _look_at_files(self) -> None:
        for segment in self._segments:
            segment.written, damaged = scan(segment, self._boots)
            self.statistics.found += segment.written
            self.statistics.damaged_bytes += damaged
            if damaged:
                log.warning(
                    "%s has %d bytes that are no records, as after a power cut", segment.path, damaged
                )
        for segment in [s for s in self._segments if not s.written]:
            segment.path.unlink()
            self._segments.remove(segment)

    def _segment_for(self, more_bytes: int) -> Segment:
        current = self._segments[-1] if self._file >= 0 and self._segments else None
        if current is None or current.number != self._last or current.size_bytes >= self._segment_bytes:
            current = self._begin_segment()
        while self.size_bytes + more_bytes > self._max_bytes and len(self._segments) > 1:
            self._drop_oldest()
        return current

    def _begin_segment(self) -> Segment:
        self._finish_segment()
        self._last += 1
        path = segment_path(self.folder, self._last)
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            sync_folder(self.folder)
        except OSError as error:
            raise SpoolError(str(self.folder), f"cannot be written: {error.strerror}") from error
        segment = Segment(self._last, path)
        self._segments.append(segment)
        return segment

    def _finish_segment(self) -> None:
        if self._file < 0:
            return
        self.sync()
        self._close_file()

    def _close_file(self) -> None:
        with self._file_lock:
            if self._file >= 0:
                os.close(self._file)
                self._file = -1

    def _cut(self, segment: Segment) -> None:
        """Remove what a failed write has left behind the last whole record."""
        try:
            os.ftruncate(self._file, segment.size_bytes)
        except OSError:
            log.warning("%s cannot be cut to its last whole record", segment.path)
            self._close_file()  # the next record begins a new file

    def _drop_oldest(self) -> None:
        segment = self._segments.pop(0)
        lost = segment.written - segment.finished
        self.statistics.dropped += lost
        self._forget(segment)
        if lost and not self._is_full:
            self._is_full = True
            log.warning(
                "the spool of %d bytes is full, the oldest messages are dropped until the broker is back",
                self._max_bytes,
            )

    def _take_from(self, segment: Segment) -> tuple[Place, Record] | None:
        while segment.read_to < segment.size_bytes:
            record, begins, ends = read_from(self._bytes_of(segment), segment.read_to)
            segment.read_to = ends
            if record is None:
                left = segment.written - len(segment.waiting)
                self.statistics.dropped += left - segment.finished  # the disk does not give them back
                segment.read_to, segment.finished = segment.size_bytes, left
                break
            if begins in segment.waiting or begins in segment.done_ahead:
                segment.done_ahead.discard(begins)
                continue
            if self._age_ns(record.stamp) > self._max_age_ns:
                self.statistics.expired += 1
                segment.finished += 1
                continue
            segment.waiting.add(begins)
            return Place(segment.number, begins), record
        self._remove_if_done(segment)
        return None

    def _bytes_of(self, segment: Segment) -> bytes:
        number, data = self._read
        if number != segment.number or len(data) < segment.size_bytes:
            try:
                data = segment.path.read_bytes()[: segment.size_bytes]
            except OSError as error:
                log.warning("%s cannot be read, what it holds is lost: %s", segment.path, error.strerror)
                data = b""
            self._read = (segment.number, data)
        return data

    def _remove_if_done(self, segment: Segment) -> None:
        if not segment.size_bytes or not segment.is_done or segment not in self._segments:
            return
        self._is_full = False
        if self._file >= 0 and segment.number == self._last:
            self._empty(segment)
        else:
            self._segments.remove(segment)
            self._forget(segment)

    def _empty(self, segment: Segment) -> None:
        """Use the file that is written to again from its beginning: cheaper for a card than another one."""
        self.size_bytes -= segment.size_bytes
        self._read = (0, b"")
        segment.empty()
        self._cut(segment)

    def _forget(self, segment: Segment) -> None:
        self.size_bytes -= segment.size_bytes
        try:
            segment.path.unlink(missing_ok=True)
        except OSError as error:  # such as a card that is read-only by now: those who send must not suffer
            log.warning("%s stays, what it holds may be sent again: %s", segment.path, error.strerror)

    def _find(self, number: int) -> Segment | None:
        return next((segment for segment in self._segments if segment.number == number), None)


def _write_all(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def _lock(folder: Path) -> int:
    """Hold the folder as long as this process lives; the system lets go of it, however it ends."""
    try:
        import fcntl
    except ImportError:  # Windows: a second program of the same name is the user's own doing
        return -1
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise ConfigError(
            f"{folder} is in use: another program of this name runs on this machine; "
            "stop it, or give this one another name or another HELIO_HOME"
        ) from None
    return handle
