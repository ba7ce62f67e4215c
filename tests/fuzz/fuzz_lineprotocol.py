"""Looks for a body that the two parsers read differently, or that breaks one: ``make fuzz``.

``guided`` lets atheris find inputs that reach new code of the Python parser; ``random`` mutates ordinary
batches and needs nothing installed, so that it also runs with a native parser that checks its addresses.
Whatever is found is written to the folder of the third argument, to become a case in tests/golden.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
if __name__ == "__main__" and sys.argv[1] == "guided":
    # It sees only what it is there to see imported.
    import atheris

    with atheris.instrument_imports(include=["heliograph.codec"]):
        importlib.import_module("heliograph.codec.lineprotocol.python")

from heliograph.codec.lineprotocol import NO_LIMITS, LineLimits, native, python
from heliograph.model.point import FieldType
from heliograph.model.time import Precision
from tests.fuzz.batches import Batches
from tests.parsers import everything

PRECISIONS = list(Precision)
TIME_NS = 1_700_000_000_123_456_789


def outcome(parse: Any, settings: int, body: bytes) -> Any:
    """Return all that a parser does with a body, and what it asked for, in this order."""
    asked = []

    def types(measurement: str, field: str) -> FieldType | None:
        asked.append((measurement, field))
        return FieldType.INTEGER if settings & 64 and len(measurement + field) % 4 == 0 else None

    parsed = parse(
        body,
        time_ns=TIME_NS,
        precision=PRECISIONS[settings % len(PRECISIONS)],
        types=types,
        max_errors=3 if settings & 128 else 100,
        limits=LineLimits(100, 3, 4) if settings & 32 else NO_LIMITS,
    )
    return everything(parsed), asked


def compare(data: bytes) -> None:
    """Raise if the parsers do not agree; the first byte are the settings, the rest is the body."""
    settings, body = (data[0], data[1:]) if data else (0, b"")
    expected, came = (outcome(parser.parse, settings, body) for parser in (python, native))
    assert came == expected, f"native gave\n{came}\nand Python\n{expected}"


def fuzz_at_random(seconds: float, found: Path) -> None:
    """Compare mutated batches until the time is over."""
    compared, start = 0, time.monotonic()
    while time.monotonic() - start < seconds:
        seed = time.time_ns()
        batches = Batches(seed)
        body = batches.batch()
        for data in (body, *(batches.mutated(body) for _ in range(9))):
            compared += 1
            settings = bytes([seed % 256])
            # Written before, and removed after: a crash of the process leaves it there.
            case = found / "under-way"
            case.write_bytes(settings + data)
            try:
                compare(settings + data)
            except BaseException:
                case.rename(found / f"difference-{hashlib.sha256(data).hexdigest()[:16]}")
                raise
            case.unlink()
    print(f"{compared} bodies read alike in {seconds:g} s")


def fuzz_guided(seconds: float, found: Path) -> None:
    """Let atheris look, from ordinary batches on, until the time is over."""

    def mutate(data: bytes, max_size: int, seed: int) -> bytes:
        changed = Batches(seed).mutated(data) if seed % 2 else atheris.Mutate(data, max_size)
        return bytes(changed[:max_size])

    with tempfile.TemporaryDirectory() as corpus:
        for seed in range(300):
            batch = Batches(seed).batch()[:4000]
            (Path(corpus) / str(seed)).write_bytes(bytes([seed % 256]) + batch)
        options = [
            f"-max_total_time={seconds:.0f}",
            f"-artifact_prefix={found}/",
            "-max_len=4096",
            "-timeout=20",
        ]
        atheris.Setup([sys.argv[0], *options, corpus], compare, custom_mutator=mutate)
        atheris.Fuzz()


if __name__ == "__main__":
    engine, limit, folder = sys.argv[1], float(sys.argv[2]), Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    {"guided": fuzz_guided, "random": fuzz_at_random}[engine](limit, folder)
