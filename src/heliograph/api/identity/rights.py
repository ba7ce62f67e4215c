"""Rights in InfluxDB's terms: to read or to write all resources of a type, or one of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, TypeAlias

from heliograph.errors import QueryError

BUCKETS: Final = "buckets"
DASHBOARDS: Final = "dashboards"
AUTHORIZATIONS: Final = "authorizations"
TELEGRAFS: Final = "telegrafs"
ORGS: Final = "orgs"
RESOURCES: Final = (
    AUTHORIZATIONS,
    BUCKETS,
    DASHBOARDS,
    ORGS,
    "sources",
    "tasks",
    TELEGRAFS,
    "users",
    "variables",
    "scrapers",
    "secrets",
    "labels",
    "views",
    "documents",
    "notificationRules",
    "notificationEndpoints",
    "checks",
    "dbrp",
    "notebooks",
    "annotations",
    "remotes",
    "replications",
    "instance",
    "flows",
    "functions",
    "subscriptions",
)
"""What InfluxDB's clients may name. The hub has buckets, authorizations, dashboards, telegrafs, one org."""
_MAX_PERMISSIONS: Final = 256


class Action(Enum):
    """What a permission allows; writing does not include reading."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Permission:
    """One action on all resources of a type, or on one of them."""

    action: Action
    resource: str
    id: str | None = None

    def covers(self, other: Permission) -> bool:
        """Return whether whoever has this has the other, too."""
        same = self.action is other.action and self.resource == other.resource
        return same and self.id in (None, other.id)


Rights: TypeAlias = frozenset[Permission]
EVERYTHING: Final[Rights] = frozenset(Permission(action, name) for action in Action for name in RESOURCES)
"""What the operator may do."""


def allow(rights: Iterable[Permission], asked: Permission) -> bool:
    """Return whether rights include what is asked."""
    return any(permission.covers(asked) for permission in rights)


def exceeding(rights: Rights, asked: Iterable[Permission]) -> list[Permission]:
    """Return what of the asked permissions the rights do not include."""
    return [permission for permission in asked if not allow(rights, permission)]


def parse_permissions(listed: Any) -> list[tuple[Permission, str | None]]:
    """Return InfluxDB's JSON as permissions, each with the name where it names a resource so.

    Raises:
        QueryError: it is not a list of permissions, or is too long a one.
    """
    if not isinstance(listed, list) or not 1 <= len(listed) <= _MAX_PERMISSIONS:
        raise QueryError(f"permissions must be a list of 1 to {_MAX_PERMISSIONS} entries")
    return [_parse(entry) for entry in listed]


def _parse(entry: Any) -> tuple[Permission, str | None]:
    resource = entry.get("resource") if isinstance(entry, dict) else None
    if not isinstance(resource, dict):
        raise QueryError('a permission has the form {"action": …, "resource": {"type": …}}')
    action, kind = entry.get("action"), resource.get("type")
    if action not in [a.value for a in Action]:
        raise QueryError(f'action must be "read" or "write", {action!r} came')
    if kind not in RESOURCES:
        raise QueryError(f"a resource's type must be one of {', '.join(RESOURCES)}; {kind!r} came")
    id_, name = resource.get("id"), resource.get("name")
    for word in (id_, name):
        # an empty one must not pass for "all of them"
        if word is not None and (not isinstance(word, str) or not word):
            raise QueryError(f"id and name of a resource must be texts or left out; {word!r} came")
    return Permission(Action(action), kind, id_), name
