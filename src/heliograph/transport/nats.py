"""The hub's own connection to its nats-server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from heliograph.errors import ConnectError, TimedOut

log = logging.getLogger(__name__)

CONNECT_TIMEOUT: Final = 5
RECONNECT_WAIT: Final = 0.25
PENDING_BYTES: Final = 64 * 1024 * 1024


async def connect(
    port: int, user: str, password: str, *, on_lost: Callable[[], None] = lambda: None
) -> Client:
    """Return a connection that comes back by itself for as long as the hub runs.

    ``on_lost`` is called whenever it is lost: what was sent and not answered will not be answered any more.

    Raises:
        ConnectError: nats-server does not answer within ``CONNECT_TIMEOUT`` seconds, or refuses us.
    """
    reason = f"no answer within {CONNECT_TIMEOUT} s"
    answered = False
    endpoint = f"127.0.0.1:{port}"

    async def reconnected() -> None:
        log.warning("Connected to nats-server again")

    async def disconnected() -> None:
        log.debug("Connection to nats-server lost")
        on_lost()

    async def failed(error: Exception) -> None:
        nonlocal reason, answered
        # what nats-server said tells more than that it hung up then
        if not (answered and isinstance(error, OSError)):
            reason = str(error) or type(error).__name__
        answered = answered or not isinstance(error, OSError)
        log.debug("nats connection: %r", error)

    try:
        # it would try for ever, the first time too
        async with asyncio.timeout(CONNECT_TIMEOUT):
            return await nats.connect(
                f"nats://{endpoint}",
                user=user,
                password=password,
                name="helio hub",
                connect_timeout=CONNECT_TIMEOUT,
                allow_reconnect=True,
                max_reconnect_attempts=-1,
                reconnect_time_wait=RECONNECT_WAIT,
                pending_size=PENDING_BYTES,
                reconnected_cb=reconnected,
                disconnected_cb=disconnected,
                error_cb=failed,
            )
    except (OSError, NatsError) as error:  # TimeoutError is an OSError
        raise ConnectError(endpoint, str(error) or reason) from error


async def answer(connection: Client, subject: str, decide: Callable[[bytes], bytes | None]) -> None:
    """Answer each request on a subject for as long as the connection is there; ``decide`` must not wait."""

    async def on_request(message: Msg) -> None:
        told = decide(message.data)
        if told is not None and message.reply:
            await message.respond(told)

    await connection.subscribe(subject, cb=on_request)
    await connection.flush(timeout=CONNECT_TIMEOUT)


async def ask(connection: Client, subject: str, payload: bytes) -> bytes:
    """Return the answer to a request.

    Raises:
        TimedOut: none came within ``CONNECT_TIMEOUT`` seconds, or nobody is there to give one.
    """
    try:
        told = await connection.request(subject, payload, timeout=CONNECT_TIMEOUT)
    except (OSError, NatsError) as error:  # TimeoutError is an OSError
        raise TimedOut(subject, str(error) or "no answer in time") from error
    return bytes(told.data)
