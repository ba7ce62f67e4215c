"""InfluxDB 1.x's users: statements that make, change and list them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, Protocol

from heliograph.query.influxql import tree
from heliograph.query.influxql.plan.shapes import Series


class Accounts(Protocol):
    """Users with passwords and what they may do; for threads, since changes wait for the disk.

    A privilege is READ, WRITE or ALL PRIVILEGES. All methods raise QueryError with InfluxDB's words.
    """

    def create(self, name: str, password: str, *, admin: bool) -> None:
        """Make a user."""
        ...

    def set_password(self, name: str, password: str) -> None:
        """Give a user another password."""
        ...

    def drop(self, name: str) -> None:
        """Remove a user."""
        ...

    def set_admin(self, name: str, *, admin: bool) -> None:
        """Let a user do everything, or nothing but what is granted."""
        ...

    def grant(self, name: str, database: str, privilege: str) -> None:
        """Let a user read or write a database, or both."""
        ...

    def revoke(self, name: str, database: str, privilege: str) -> None:
        """Take a right from a user."""
        ...

    def listed(self) -> list[tuple[str, bool]]:
        """Return the users by name, and whether each may do everything."""
        ...

    def grants(self, name: str) -> list[tuple[str, str]]:
        """Return a user's databases and privileges."""
        ...


def show_accounts(node: tree.Show, accounts: Accounts) -> list[Series]:
    """Answer SHOW USERS and SHOW GRANTS."""
    if node.noun == "USERS":
        return [Series("", {}, ["user", "admin"], [[name, admin] for name, admin in accounts.listed()])]
    rows = [[database, privilege] for database, privilege in accounts.grants(node.about)]
    return [Series("", {}, ["database", "privilege"], rows)]


async def change_account(node: tree.CreateUser | tree.SetPassword | tree.Grant, accounts: Accounts) -> None:
    """Carry out a statement about users."""
    await asyncio.to_thread(_WORK[type(node)], node, accounts)


def _create(node: tree.CreateUser, accounts: Accounts) -> None:
    accounts.create(node.name, node.password, admin=node.admin)


def _set_password(node: tree.SetPassword, accounts: Accounts) -> None:
    accounts.set_password(node.name, node.password)


def _grant(node: tree.Grant, accounts: Accounts) -> None:
    if not node.database:
        accounts.set_admin(node.user, admin=not node.revoke)
    elif node.revoke:
        accounts.revoke(node.user, node.database, node.privilege)
    else:
        accounts.grant(node.user, node.database, node.privilege)


_WORK: Final[dict[type, Callable[[Any, Accounts], None]]] = {
    tree.CreateUser: _create,
    tree.SetPassword: _set_password,
    tree.Grant: _grant,
}
