"""What the page asks about series: answered in threads, while the event loop goes on."""

from __future__ import annotations

import asyncio

import pytest

from heliograph.api.questions.data import devices, schema
from heliograph.api.questions.series import series
from tests.unit.asked_routes import Route, answer
from tests.unit.stored_points import Kept, point

MS = 1_000_000


@pytest.fixture
def three(kept: Kept) -> Kept:
    kept.write(
        point("mem", 9 * MS, {"host": "b"}, used=1),
        point("cpu", 5 * MS, {"host": "b", "core": "0"}, load=1.5),
        point("cpu", 7 * MS, {"host": "a"}, load=2.5, text="x"),
        point("cpu", 3 * MS, {}, load=2.5),
    )
    return kept


async def test_the_schema_is_by_name_with_the_latest_time(three: Kept) -> None:
    assert await answer(schema, three) == {
        "bucket": "telegraf",
        "measurements": [
            {
                "name": "cpu",
                "tags": ["core", "host"],
                "fields": {"load": "float", "text": "string"},
                "last_ms": 7,
            },
            {"name": "mem", "tags": ["host"], "fields": {"used": "integer"}, "last_ms": 9},
        ],
    }


async def test_devices_are_by_name_and_who_tells_none_is_last(three: Kept) -> None:
    assert await answer(devices, three) == {
        "devices": [
            {"name": "a", "tag": "host", "last_ms": 7, "measurements": ["cpu"], "software": []},
            {"name": "b", "tag": "host", "last_ms": 9, "measurements": ["cpu", "mem"], "software": []},
            {"name": "", "tag": None, "last_ms": 3, "measurements": ["cpu"], "software": []},
        ]
    }


async def test_series_with_some_tags_and_the_values_of_one(three: Kept) -> None:
    assert await answer(series, three, measurement="cpu", where={"core": ["0"]}) == {
        "series": [{"measurement": "cpu", "tags": {"core": "0", "host": "b"}, "last_ms": 5}]
    }
    assert await answer(series, three, tag="host") == {"tag": "host", "values": ["a", "b"]}


@pytest.mark.parametrize("route", [schema, devices, series])
async def test_the_event_loop_goes_on_while_a_seal_holds_the_store(three: Kept, route: Route) -> None:
    async with asyncio.TaskGroup() as group:
        with three.store.reading():
            asking = group.create_task(answer(route, three))
            for _ in range(20):  # enough turns for an answer that waits for nobody
                await asyncio.sleep(0)
            assert not asking.done()
    assert asking.result()
