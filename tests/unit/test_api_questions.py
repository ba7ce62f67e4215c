"""What the page asks about series: answered in threads, while the event loop goes on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from heliograph.api.identity.identities import Identities
from heliograph.api.questions.data import devices, schema
from heliograph.api.questions.series import series
from tests.unit.stored_points import Kept, point

Route = Callable[[Request], Awaitable[Response]]
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


async def answer(route: Route, kept: Kept, **asked: object) -> Any:
    """Ask a route. It looks at store and identities only, so these stand for all of a hub's services."""
    identities = Identities(kept.database, kept.folder / "operator.token")
    services = SimpleNamespace(store=kept.store, identities=identities)
    body = json.dumps(asked).encode()

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "query_string": b"",
        "headers": [(b"authorization", f"Token {identities.token}".encode())],
        "app": SimpleNamespace(state=SimpleNamespace(services=services)),
    }
    response = await route(Request(scope, receive))
    return json.loads(bytes(response.body))


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
            {"name": "a", "tag": "host", "last_ms": 7, "measurements": ["cpu"]},
            {"name": "b", "tag": "host", "last_ms": 9, "measurements": ["cpu", "mem"]},
            {"name": "", "tag": None, "last_ms": 3, "measurements": ["cpu"]},
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
