"""Questions that come again: their answers, as they were sent, while they are certain to be the same.

Dashboards ask for the same lists and panels all the time. Whether an answer still holds is the query
engine's to say; here it is only kept whole, for the same sender who asks with the same words.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response

from heliograph.api.identity.identities import Identities
from heliograph.query.influxql.engine import Asked, InfluxqlEngine
from heliograph.query.influxql.memory.kept import Kept

_MOST: Final = 64
_MOST_BYTES: Final = 64 * 1024
_TELLING: Final = frozenset({b"authorization", b"accept", b"accept-encoding"})
_Key = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class _Repeat:
    asked: Asked
    kept: Kept
    known: Mapping[str, object]
    """The tokens of that time."""
    response: Response


class Repeats:
    """The last answers to plain questions; used by the event loop alone."""

    def __init__(self, engine: InfluxqlEngine, identities: Identities) -> None:
        self._engine = engine
        self._identities = identities
        self._kept: OrderedDict[_Key, _Repeat] = OrderedDict()

    def find(self, scope: MutableMapping[str, Any]) -> Response | None:
        """Return the answer to a request that came before, None if it has to be made."""
        key = _key(scope)
        repeat = self._kept.get(key) if key is not None else None
        if repeat is None or repeat.known is not self._identities.tokens.known:
            return None
        return repeat.response if self._engine.holds(repeat.asked, repeat.kept) else None

    def keep(self, scope: MutableMapping[str, Any], asked: Asked, kept: Kept, response: Response) -> None:
        """Keep an answer to a request with a token."""
        key = _key(scope)
        if key is None or len(response.body) > _MOST_BYTES:
            return
        self._kept[key] = _Repeat(asked, kept, self._identities.tokens.known, response)
        self._kept.move_to_end(key)
        while len(self._kept) > _MOST:
            self._kept.popitem(last=False)


def _key(scope: MutableMapping[str, Any]) -> _Key | None:
    """Return what a request has in common with one that asks the same; None without a token."""
    telling = [value for header in scope["headers"] if header[0] in _TELLING for value in header]
    return (scope["query_string"], *telling) if b"authorization" in telling else None
