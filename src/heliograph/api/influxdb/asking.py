"""What InfluxQL's engine needs to know of the one who asks, and to do to the hub."""

from __future__ import annotations

from heliograph.api.identity.identities import Caller
from heliograph.api.identity.rights import Action
from heliograph.api.identity.users import Users
from heliograph.api.services import Services, WriteRequest
from heliograph.errors import Forbidden, QueryError
from heliograph.model.predicate import Predicate
from heliograph.model.time import Precision
from heliograph.store.retention import WHOLE_BUCKET
from heliograph.store.rollups.summary import RAW


class CallerAccess:
    """What the one who asks may do, for the engine."""

    def __init__(self, hub: Services, caller: Caller, *, may_change: bool) -> None:
        self._hub = hub
        self._caller = caller
        self._may_change = may_change

    @property
    def user(self) -> str:
        """Who it is."""
        return self._caller.user

    def sees(self, bucket: str) -> bool:
        """Return whether they may read or write a bucket."""
        return any(self._may(action, bucket) for action in Action)

    def _may(self, action: Action, bucket: str) -> bool:
        try:
            self._hub.identities.require(self._caller, action, bucket)
        except Forbidden:
            return False
        return True

    def read(self, bucket: str) -> None:
        """Let nobody pass who may not read a bucket."""
        self._hub.identities.require(self._caller, Action.READ, bucket)

    def write(self, bucket: str) -> None:
        """Let nobody pass who may not write to a bucket."""
        self._check_way()
        self._hub.identities.require(self._caller, Action.WRITE, bucket)

    def oversee(self) -> None:
        """Let only the operator see what is everybody's."""
        if not self._caller.is_operator:
            raise Forbidden(
                "only the operator may do this; helio token on the hub's host prints the right token"
            )

    def change(self) -> None:
        """Let only the operator make and drop databases, users and continuous queries."""
        self._check_way()
        self.oversee()

    def _check_way(self) -> None:
        if not self._may_change:
            raise Forbidden(
                "what changes something must be sent by POST, with a token or from the hub's own page"
            )


class HubChanges:
    """The hub's buckets, intake and users, for the engine."""

    def __init__(self, hub: Services) -> None:
        self._hub = hub

    @property
    def accounts(self) -> Users:
        """The users."""
        return self._hub.identities.users

    async def create_bucket(self, name: str, keep_ns: int) -> None:
        """Make a bucket."""
        await self._hub.buckets.create(name, {RAW: keep_ns})

    async def set_keep(self, name: str, keep_ns: int) -> None:
        """Set how long a bucket keeps its points."""
        await self._hub.buckets.set_rules(name, WHOLE_BUCKET, {RAW: keep_ns})

    async def delete_bucket(self, name: str) -> None:
        """Delete a bucket."""
        await self._hub.buckets.delete(name)

    async def delete(self, bucket: str, predicate: Predicate, start_ns: int, end_ns: int) -> None:
        """Delete points."""
        await self._hub.deletes.delete(bucket, predicate, start_ns, end_ns)

    async def drop_measurement(self, bucket: str, name: str) -> None:
        """Delete a measurement."""
        await self._hub.deletes.drop_measurement(bucket, name)

    async def write(self, bucket: str, body: bytes) -> None:
        """Write lines.

        Raises:
            QueryError: some were refused.
        """
        result = await self._hub.intake.write(WriteRequest(bucket, body, None, Precision.NS))
        if result.errors:
            raise QueryError(f"partial write: {result.errors[0].reason}")
