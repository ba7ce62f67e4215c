"""``NAME.local`` by multicast DNS, asked by ourselves: it works where the laptop's system cannot do it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from zeroconf import AddressResolverIPv4, IPVersion  # type: ignore[attr-defined]  # not in its __all__
from zeroconf.asyncio import AsyncZeroconf

from heliograph.errors import ConfigError

SECONDS: Final = 2.0
"""How long a board may take to answer to its name."""


@asynccontextmanager
async def listening() -> AsyncIterator[AsyncZeroconf]:
    """Listen to multicast DNS in all networks of this laptop.

    Raises:
        ConfigError: there is no network to listen in.
    """
    try:
        zeroconf = AsyncZeroconf(ip_version=IPVersion.V4Only)
    except OSError as error:
        reason = f"multicast DNS cannot be used: {error.strerror or error}; is this laptop in a network?"
        raise ConfigError(reason) from error
    try:
        yield zeroconf
    finally:
        await zeroconf.async_close()


async def address_of(name: str, zeroconf: AsyncZeroconf, *, within: float = SECONDS) -> str | None:
    """Return the IPv4 address of ``NAME.local``, or None where nobody answers to it."""
    resolver = AddressResolverIPv4(f"{name}.")
    if not await resolver.async_request(zeroconf.zeroconf, within * 1000):
        return None
    addresses = resolver.parsed_addresses(IPVersion.V4Only)
    return addresses[0] if addresses else None


async def resolve(name: str) -> str | None:
    """Return the address of one name; None where nobody answers, or where there is no network."""
    try:
        async with listening() as zeroconf:
            return await address_of(name, zeroconf)
    except ConfigError:
        return None
