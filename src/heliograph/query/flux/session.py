"""What one text of Flux is answered with: the store, a cursor, the moment, and the rights."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from heliograph.errors import QueryError, StoreError
from heliograph.query.bounded import Bounded
from heliograph.query.budget import Claim
from heliograph.query.flux.zones import UTC, Location
from heliograph.query.limits import QueryLimits
from heliograph.query.undamaged import Read
from heliograph.store.duck import Cursor
from heliograph.store.store import Store

_CHECK_EVERY: Final = 1_000
_MOST_CHARACTERS: Final = 100_000_000
"""So many may all strings of one question have that are put together."""
_MOST_ITEMS: Final = 8_000_000
"""So many items and members may its lists have, and the records in them."""


@dataclass(frozen=True, slots=True)
class BucketRow:
    """A bucket as buckets() shows it; a ``keep_ns`` of 0 is for ever."""

    name: str
    id: str
    organization_id: str
    keep_ns: int


class Access(Protocol):
    """What the one who asks may see."""

    def bucket(self, name: str) -> str:
        """Return the bucket of a name or an id that may be read.

        Raises:
            Forbidden: it may not be read.
            BucketNotFound: there is none.
        """
        ...

    def buckets(self) -> Sequence[BucketRow]:
        """Return the buckets that may be read."""
        ...


@dataclass(slots=True)
class Session(Bounded):
    """One request; used by one thread."""

    most_rows = 1_000_000

    store: Store
    cursor: Cursor
    access: Access
    now_ns: int
    deadline: float
    limits: QueryLimits
    clock: Callable[[], float] = time.monotonic
    location: Location = UTC
    """Where windows and dates are by default; ``option location`` says it."""
    read: Read = field(default_factory=set)
    """The buckets and measurements that were read."""
    claim: Claim = field(default_factory=Claim)
    """What it may hold."""
    _matched: dict[tuple[str, str], bool] = field(default_factory=dict)
    _until_check: int = _CHECK_EVERY
    _characters: int = 0
    _items: int = 0

    def tick(self) -> None:
        """Look at the clock now and then, where a function is called for each row."""
        self._until_check -= 1
        if self._until_check <= 0:
            self._until_check = _CHECK_EVERY
            self.check_time()

    def add_text(self, text: str) -> str:
        """Return a string that was put together, unless all of them take too much.

        Raises:
            QueryError: they do.
        """
        self._characters += len(text)
        if self._characters > _MOST_CHARACTERS:
            raise QueryError(
                f"the strings that the query puts together have over {_MOST_CHARACTERS:,} characters;"
                " ask for fewer rows, or shorter texts"
            )
        return text

    def add_items(self, count: int) -> None:
        """Count what a list or its records take, and look at the clock.

        Raises:
            QueryError: all of them take too much.
        """
        self._items += count
        if self._items > _MOST_ITEMS:
            raise QueryError(
                f"the lists that the query puts together have over {_MOST_ITEMS:,} items and members;"
                " make them shorter"
            )
        self.check_time()

    def matches(self, pattern: str, text: str) -> bool:
        """Return whether a regular expression matches somewhere in a text; RE2 never takes long.

        Raises:
            QueryError: it is no regular expression.
        """
        found = self._matched.get((pattern, text))
        if found is None:
            try:
                found = bool(self.cursor.rows("SELECT regexp_matches($1, $2)", [text, pattern])[0][0])
            except StoreError as error:
                raise QueryError(f"the regular expression /{pattern}/ is not valid: {error}") from error
            self._matched[pattern, text] = found
        return found
