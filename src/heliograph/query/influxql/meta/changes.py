"""Statements that change something: databases, retention policies, and points."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final, Protocol

from heliograph.errors import QueryError
from heliograph.model.predicate import Predicate
from heliograph.model.time import SECOND_NS
from heliograph.query.influxql import tree
from heliograph.query.influxql.durations import clock_duration
from heliograph.query.influxql.meta.accounts import Accounts, change_account
from heliograph.query.influxql.meta.databases import (
    AUTOGEN,
    Databases,
    PolicyInfo,
    checked_name,
    is_mapped,
    shard_length,
)
from heliograph.query.influxql.plan.shapes import Series
from heliograph.query.influxql.text import statement_text
from heliograph.store.retention import FOREVER

_SHORTEST_NS: Final = 3_600 * SECOND_NS


class Changes(Protocol):
    """What may be done to buckets, points and users."""

    @property
    def accounts(self) -> Accounts:
        """The users."""
        ...

    async def create_bucket(self, name: str, keep_ns: int) -> None:
        """Make a bucket that keeps its points for a time, 0 for ever."""
        ...

    async def set_keep(self, name: str, keep_ns: int) -> None:
        """Set how long a bucket keeps its points."""
        ...

    async def delete_bucket(self, name: str) -> None:
        """Delete a bucket with its points."""
        ...

    async def delete(self, bucket: str, predicate: Predicate, start_ns: int, end_ns: int) -> None:
        """Delete the points of some series at ``start_ns <= time < end_ns``."""
        ...

    async def drop_measurement(self, bucket: str, name: str) -> None:
        """Delete all points of a measurement and forget its fields and their types."""
        ...

    async def write(self, bucket: str, body: bytes) -> None:
        """Write lines with times in ns; they are durable when this returns."""
        ...


async def change(statement: tree.Statement, databases: Databases, changes: Changes) -> list[Series]:
    """Carry out a statement about databases and policies.

    Raises:
        QueryError: with InfluxDB's words, or that it is not supported.
    """
    work = _WORK.get(type(statement))
    if isinstance(statement, tree.Subscription) or (
        isinstance(statement, tree.Drop) and statement.noun == "SUBSCRIPTION"
    ):
        raise QueryError(
            "subscriptions are not supported: helio stream reads all that is written, and who subscribes"
            " to tel/# over MQTT gets what devices send"
        )
    if isinstance(statement, tree.Drop) and statement.noun == "SHARD":
        raise QueryError("a hub has no shards to drop: DELETE … WHERE time < … deletes what is old")
    if work is None:
        words = statement_text(statement).split()[:2]
        raise QueryError(f"{' '.join(words)} is not supported yet")
    await work(statement, databases, changes)
    return []


async def _create_database(node: tree.CreateDatabase, databases: Databases, changes: Changes) -> None:
    name = checked_name(node.name)
    options = node.options or tree.PolicyOptions()
    policy = checked_name(options.name) if options.name else AUTOGEN
    keep_ns = options.duration_ns or FOREVER
    if await asyncio.to_thread(databases.exists, name):
        if node.options is not None:
            _check_same(await asyncio.to_thread(databases.policies, name), policy, options)
        await asyncio.to_thread(databases.show_again, name)
        return
    shard_ns = _shard(keep_ns, options)
    await changes.create_bucket(name, keep_ns)
    info = PolicyInfo(policy, name, keep_ns, shard_ns, options.replication or 1, default=True)
    await asyncio.to_thread(databases.put, name, info)


def _check_same(policies: list[PolicyInfo], name: str, options: tree.PolicyOptions) -> None:
    for info in policies:
        if info.default:
            same = info.name == name or not options.name
            same = same and options.duration_ns in (None, info.keep_ns)
            if not (same and options.shard_ns in (None, info.shard_ns)):
                raise QueryError("retention policy conflicts with an existing policy")


def _shard(keep_ns: int, options: tree.PolicyOptions) -> int:
    if keep_ns != FOREVER and keep_ns < _SHORTEST_NS:
        raise QueryError(f"retention policy duration must be at least {clock_duration(_SHORTEST_NS)}")
    if not options.shard_ns:
        return shard_length(keep_ns)
    if keep_ns != FOREVER and keep_ns < options.shard_ns:
        raise QueryError("retention policy duration must be greater than the shard duration")
    return max(options.shard_ns, _SHORTEST_NS)


async def _drop(node: tree.Drop, databases: Databases, changes: Changes) -> None:
    if node.noun == "DATABASE":
        if await asyncio.to_thread(databases.exists, node.name):
            for info in await asyncio.to_thread(databases.policies, node.name):
                if not is_mapped(node.name, info.bucket):
                    await changes.delete_bucket(info.bucket)
            await asyncio.to_thread(databases.drop, node.name)
    elif node.noun == "RETENTION POLICY":
        await _drop_policy(node, databases, changes)
    elif node.noun == "CONTINUOUS QUERY":
        await asyncio.to_thread(databases.continuous.drop, node.database, node.name)
    elif node.noun == "SUBSCRIPTION":
        return  # there are none
    elif node.noun == "USER":
        await asyncio.to_thread(changes.accounts.drop, node.name)
    else:
        raise QueryError(f"DROP {node.noun} is not supported yet")


async def _drop_policy(node: tree.Drop, databases: Databases, changes: Changes) -> None:
    if not await asyncio.to_thread(databases.exists, node.database):
        return
    for info in await asyncio.to_thread(databases.policies, node.database):
        if info.name != node.name:
            continue
        if info.bucket == node.database:
            raise QueryError(
                f'retention policy "{info.name}" is the bucket "{info.bucket}" itself;'
                " DROP DATABASE removes it"
            )
        if not is_mapped(node.database, info.bucket):
            await changes.delete_bucket(info.bucket)
        await asyncio.to_thread(databases.drop, node.database, info.name)


async def _account(
    node: tree.CreateUser | tree.SetPassword | tree.Grant, _: Databases, changes: Changes
) -> None:
    await change_account(node, changes.accounts)


async def _continuous(node: tree.ContinuousQuery, databases: Databases, _: Changes) -> None:
    await asyncio.to_thread(databases.policies, node.database)
    await asyncio.to_thread(databases.create_continuous, node)


async def _policy(node: tree.Policy, databases: Databases, changes: Changes) -> None:
    policies = {info.name: info for info in await asyncio.to_thread(databases.policies, node.database)}
    existing = policies.get(node.name)
    if node.create:
        await _create_policy(node, existing, databases, changes)
    elif existing is None:
        raise QueryError(f"retention policy not found: {node.name}")
    else:
        await _alter_policy(node, existing, databases, changes)


async def _create_policy(
    node: tree.Policy, existing: PolicyInfo | None, databases: Databases, changes: Changes
) -> None:
    options = node.options
    keep_ns = options.duration_ns or FOREVER
    shard_ns = _shard(keep_ns, options)
    info = PolicyInfo(
        checked_name(node.name),
        f"{node.database}/{node.name}",
        keep_ns,
        shard_ns,
        options.replication or 1,
        default=options.default,
    )
    if existing is not None:
        same = (info.keep_ns, info.shard_ns, info.replicas)
        if same != (existing.keep_ns, existing.shard_ns, existing.replicas):
            raise QueryError("retention policy already exists")
        if not options.default or existing.default:
            return
        info = replace(existing, default=True)
    else:
        await changes.create_bucket(info.bucket, keep_ns)
    await asyncio.to_thread(databases.put, node.database, info)


async def _alter_policy(
    node: tree.Policy, existing: PolicyInfo, databases: Databases, changes: Changes
) -> None:
    options = node.options
    keep_ns = existing.keep_ns if options.duration_ns is None else options.duration_ns
    shard_ns = _shard(keep_ns, replace(options, shard_ns=options.shard_ns or existing.shard_ns))
    if keep_ns != existing.keep_ns:
        await changes.set_keep(existing.bucket, keep_ns)
    await asyncio.to_thread(
        databases.put,
        node.database,
        replace(
            existing,
            keep_ns=keep_ns,
            shard_ns=shard_ns,
            replicas=options.replication or existing.replicas,
            default=existing.default or options.default,
        ),
    )


_WORK: Final[dict[type, Callable[[Any, Databases, Changes], Awaitable[None]]]] = {
    tree.ContinuousQuery: _continuous,
    tree.CreateDatabase: _create_database,
    tree.CreateUser: _account,
    tree.Drop: _drop,
    tree.Grant: _account,
    tree.Policy: _policy,
    tree.SetPassword: _account,
}
