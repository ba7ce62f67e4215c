"""What a thread or a parser returns is gone when nobody uses it any more, without the garbage collector."""

from __future__ import annotations

import gc
import weakref
from array import array
from collections.abc import Callable, Iterator

import pytest

from heliograph.codec.lineprotocol import Parsed, parser, python
from heliograph.hub.ingest_thread import IngestThread


@pytest.fixture
def uncollected() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("uncollected")
async def test_what_the_ingest_thread_returned_goes_at_once() -> None:
    thread = IngestThread()
    found = await thread.run(array, "q", [1, 2])
    assert list(found) == [1, 2]
    left = weakref.ref(found)
    del found
    assert left() is None
    with pytest.raises(ValueError, match="odd"):
        await thread.run(fail, "odd")
    thread.close()


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("parse", [python.parse, parser.parse], ids=["python", "chosen"])
def test_what_a_parser_gave_goes_at_once(parse: Callable[..., Parsed]) -> None:
    parsed = parse(b"m,host=a v=1 1\nm,host=b w=2i 2\nbad\n", time_ns=0, types=lambda _m, _f: None)
    assert (parsed.points, parsed.error_count) == (2, 1)
    left = weakref.ref(parsed.batch["m"].times_ns)
    del parsed
    assert left() is None


def fail(word: str) -> None:
    raise ValueError(word)
