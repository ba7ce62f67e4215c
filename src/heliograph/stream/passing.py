"""Messages of QoS 0 as they pass by nats-server: they are in no stream."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

_QOS_HEADER: Final = "Nmqtt-Pub"


def subjects_of(topic_filter: str) -> list[str]:
    """Return the subjects that nats-server makes of the topics which an MQTT filter selects.

    A level's end is a dot there, a dot ``//``, an empty level ``/``. None where a client of MQTT could not
    publish such a topic, as one with a blank.
    """
    if any(sign in topic_filter for sign in " \t*>"):
        return []
    *levels, last = topic_filter.split("/")
    tokens = [_token(level) for level in levels]
    if last != "#":
        return [".".join([*tokens, _token(last)])]
    return [".".join([*tokens, ">"]), *([".".join(tokens)] if tokens else [])]


def _token(level: str) -> str:
    return "*" if level == "+" else level.replace(".", "//") or "/"


def selects(pattern: str, subject: str) -> bool:
    """Return whether a subject with wildcards selects one without."""
    wanted, tokens = pattern.split("."), subject.split(".")
    for at, level in enumerate(wanted):
        if level == ">":
            return len(tokens) > at
        if at >= len(tokens) or level not in ("*", tokens[at]):
            return False
    return len(wanted) == len(tokens)


class Passing:
    """Hands each passing message to ``put(subject, payload)`` once, which must not wait."""

    def __init__(self, connection: Client, put: Callable[[str, bytes], None]) -> None:
        self._connection = connection
        self._put = put
        self._heard: dict[str, Subscription] = {}

    async def hear(self, subjects: Iterable[str]) -> None:
        """Listen to these subjects; what is listened to already goes on without a gap."""
        wanted = list(dict.fromkeys(subjects))
        for subject in [each for each in self._heard if each not in wanted]:
            with contextlib.suppress(NatsError):
                await self._heard.pop(subject).unsubscribe()
        for subject in wanted:
            if subject not in self._heard:
                self._heard[subject] = await self._connection.subscribe(subject, cb=self._taker(subject))

    def _taker(self, heard: str) -> Callable[[Msg], Awaitable[None]]:
        async def take(message: Msg) -> None:
            if (message.headers or {}).get(_QOS_HEADER) != "0":
                return
            if next((each for each in self._heard if selects(each, message.subject)), heard) == heard:
                self._put(message.subject, message.data)

        return take

    async def close(self) -> None:
        """Listen no more."""
        await self.hear(())
