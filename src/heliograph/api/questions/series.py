"""``/api/series``: which series there are, and the values of their tags, for a dashboard's variables."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from heliograph.api.auth import caller_of
from heliograph.api.body import read_json
from heliograph.api.errors import speaks_v2
from heliograph.api.identity.rights import Action
from heliograph.api.json_text.response import NumbersResponse
from heliograph.api.questions.plans import MS, expect, words
from heliograph.api.services import services
from heliograph.query.series import series_of, values_of
from heliograph.store.catalogue import DEFAULT_BUCKET
from heliograph.store.store import Store


@speaks_v2
async def series(request: Request) -> Response:
    """``POST /api/series``: the series of a measurement, or of all, or the values of one of their tags."""
    hub = services(request)
    caller = caller_of(request, hub.identities)
    asked = await read_json(request)
    bucket = expect(asked, "bucket", str, DEFAULT_BUCKET)
    hub.identities.require(caller, Action.READ, bucket)
    measurement = expect(asked, "measurement", str, "") or None
    where: dict[str, Any] = expect(asked, "where", dict, {})
    wanted = {str(tag): words(where, tag) for tag in where}
    tag = expect(asked, "tag", str, "")
    return await asyncio.to_thread(_answer, hub.store, bucket, measurement, wanted, tag)


def _answer(
    store: Store, bucket: str, measurement: str | None, where: dict[str, tuple[str, ...]], tag: str
) -> Response:
    found = series_of(store, bucket, measurement, where)
    if tag:
        return NumbersResponse({"tag": tag, "values": values_of(found, tag)})
    return NumbersResponse(
        {
            "series": [
                {"measurement": s.measurement, "tags": dict(s.key), "last_ms": s.last_ns // MS} for s in found
            ]
        }
    )
