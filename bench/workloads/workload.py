"""What a workload is: batches of line protocol, and what a server must know after it took them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, NamedTuple

BATCH_LINES: Final = 5_000
SECOND_NS: Final = 1_000_000_000


class Line(NamedTuple):
    """One point as text, with the names of its fields, so that nobody has to parse it to count it."""

    text: str
    measurement: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Probe:
    """A field whose points are counted to see whether a server shows all that it took."""

    measurement: str
    field: str
    points: int
    is_text: bool
    """VictoriaMetrics keeps no text and is not asked for it."""


@dataclass(frozen=True, slots=True)
class Workload:
    """Batches of :data:`BATCH_LINES` lines; all points differ in series or time."""

    name: str
    batches: Sequence[bytes]
    lines: int
    values: int
    probes: tuple[Probe, ...]
    start_s: int
    """Time of the first point."""
    end_s: int
    """No point is as late as this."""
    floor_bytes: float | None = None
    """The entropy of all values where it is known: no lossless store can be smaller."""

    @property
    def size_bytes(self) -> int:
        """The length of all batches."""
        return sum(map(len, self.batches))


def gather(
    name: str, lines: Iterable[Line], *, start_s: int, end_s: int, floor_bytes: float | None = None
) -> Workload:
    """Return the workload that consists of ``lines``."""
    batches: list[bytes] = []
    counts: Counter[tuple[str, str]] = Counter()
    first_fields: dict[tuple[str, str], bool] = {}
    source = iter(lines)
    total = 0
    while chunk := list(islice(source, BATCH_LINES)):
        batches.append("".join(line.text for line in chunk).encode())
        total += len(chunk)
        for line in chunk:
            counts.update((line.measurement, field) for field in line.fields)
            first_fields.setdefault((line.measurement, line.fields[0]), _is_text(line))
    probes = [Probe(m, f, counts[m, f], is_text) for (m, f), is_text in sorted(first_fields.items())]
    return Workload(name, batches, total, counts.total(), tuple(probes), start_s, end_s, floor_bytes)


def _is_text(line: Line) -> bool:
    return f' {line.fields[0]}="' in line.text


def truncated(value: float, digits: int) -> str:
    """Return ``value`` cut, not rounded, after so many digits, as TSBS emits its floats."""
    factor = 10**digits
    return repr(int(value * factor) / factor) if digits else str(int(value))
