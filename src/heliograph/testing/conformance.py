"""What every broker must do for a device program, as cases that run on any of them.

The broker in memory is worth something because it passes the very cases that the hub's broker and Mosquitto
pass. Each case raises AssertionError with what was expected and what came. Nothing is decided by waiting:
that something does not come is told by a later message that does.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

from heliograph.app.client import Client
from heliograph.transport.mqtt_client_message import MqttMessage, Publication, Subscription
from heliograph.transport.mqtt_client_settings import MqttSettings

_PATIENCE: Final = 20.0
_MANY: Final = 200
_LARGE: Final = 200_000
WILDCARDS: Final = (
    ("a/b", ("a/b",)),
    ("a/+", ("a/b", "a/c")),
    ("+/b", ("a/b",)),
    ("a/#", ("a", "a/b", "a/c", "a/b/c", "a/b/c/d")),
    ("a/+/c", ("a/b/c",)),
    ("a/b/#", ("a/b", "a/b/c", "a/b/c/d")),
    ("+/+/+/+", ("a/b/c/d",)),
    ("+", ("a",)),
)
_TOPICS: Final = ("a", "a/b", "a/c", "a/b/c", "a/b/c/d")


@dataclass(slots=True)
class Site:
    """A broker that is looked at.

    ``make_client`` gives clients that do not acknowledge by themselves; ``cut`` breaks the connection of one
    without a goodbye.
    """

    settings: MqttSettings
    make_client: Callable[[MqttSettings], Client]
    cut: Callable[[Any], None]
    prefix: str = field(default_factory=lambda: f"conformance-{secrets.token_hex(4)}")

    def topic(self, name: str) -> str:
        """Return a topic of this case alone."""
        return f"{self.prefix}/{name}"

    @asynccontextmanager
    async def client(
        self, name: str, *, is_clean: bool = True, will: Publication | None = None
    ) -> AsyncIterator[Client]:
        """Give a connected client; at the end it says goodbye."""
        client_id = f"{self.prefix}-{name}"
        client = self.make_client(replace(self.settings, client_id=client_id, is_clean=is_clean, will=will))
        async with asyncio.TaskGroup() as group:
            running = group.create_task(client.run())
            async with asyncio.timeout(_PATIENCE):
                await client.wait_connected()
            try:
                yield client
            finally:
                running.cancel()

    @asynccontextmanager
    async def listening(self, name: str, *filters: str, qos: int = 1, **how: Any) -> AsyncIterator[Client]:
        """Give a client that has subscribed."""
        async with self.client(name, **how) as client:
            await client.subscribe(*(Subscription(self.topic(each), qos) for each in filters))
            yield client


Case: TypeAlias = Callable[[Site], Awaitable[None]]


async def every_qos_arrives_as_the_lower_of_both(site: Site) -> None:
    """A message comes with the lower of the QoS of publisher and subscription, whole and not retained."""
    async with site.client("publisher") as publisher:
        for published in range(3):
            for wanted in range(3):
                topic = f"q{published}{wanted}"
                async with site.listening(f"reader-{topic}", topic, qos=wanted) as reader:
                    await publisher.publish(Publication(site.topic(topic), b"x", published))
                    message = await _next(reader)
                    _equal(
                        (min(published, wanted), b"x", False),
                        (message.qos, message.payload, message.retained),
                    )


async def messages_come_in_order_and_once(site: Site) -> None:
    """Two hundred messages of each QoS come as they were sent."""
    for qos in range(3):
        async with (
            site.listening(f"reader-{qos}", "many", qos=qos) as reader,
            site.client("publisher") as publisher,
        ):
            for number in range(_MANY):
                await publisher.publish(Publication(site.topic("many"), b"%d" % number, qos))
            came = [int((await _next(reader)).payload) for _ in range(_MANY)]
            _equal(list(range(_MANY)), came)


async def wildcards_select_what_the_specification_says(site: Site) -> None:
    """Each filter gets its topics and no other."""
    async with site.client("publisher") as publisher:
        for number, (topic_filter, wanted) in enumerate(WILDCARDS):
            filters = (f"{number}/{topic_filter}", f"{number}-end")
            async with site.listening(f"reader-{number}", *filters) as reader:
                for topic in _TOPICS:
                    await publisher.publish(Publication(site.topic(f"{number}/{topic}"), b"x", 1))
                came = await _until_end(reader, publisher, site.topic(f"{number}-end"))
                begin = len(site.topic(f"{number}/"))
                _equal(sorted(wanted), sorted(message.topic[begin:] for message in came))


async def retained_messages_wait_for_late_subscribers(site: Site) -> None:
    """The last one comes, marked; an empty one clears it; who is there gets it unmarked."""
    async with site.client("publisher") as publisher, site.listening("early", "kept/#") as early:
        for payload in (b"old", b"new"):
            await publisher.publish(Publication(site.topic("kept/a"), payload, 1, retained=True))
        _equal([(b"old", False), (b"new", False)], [await _payload_and_mark(early) for _ in range(2)])
        async with site.listening("late", "kept/+", "end") as late:
            _equal(
                [(b"new", True)],
                [(m.payload, m.retained) for m in await _until_end(late, publisher, site.topic("end"))],
            )
        await publisher.publish(Publication(site.topic("kept/a"), b"", 1, retained=True))
        async with site.listening("later", "kept/#", "end") as later:
            _equal([], [m.payload for m in await _until_end(later, publisher, site.topic("end"))])


async def the_will_is_told_when_a_client_vanishes(site: Site) -> None:
    """It is told after a cut connection, retained if it says so, and not after a goodbye."""
    will = Publication(site.topic("will"), b"gone", 1, retained=True)
    async with site.listening("reader", "will") as reader:
        async with site.client("polite", will=will) as polite:
            await polite.publish(Publication(site.topic("will"), b"here", 1))
        async with site.client("unlucky", will=will) as unlucky:
            await unlucky.publish(Publication(site.topic("will"), b"here too", 1))
            site.cut(unlucky)
            came = [(await _next(reader)).payload for _ in range(3)]
            _equal([b"here", b"here too", b"gone"], came)
        async with site.listening("late", "will") as late:
            _equal((b"gone", True), await _payload_and_mark(late))
        await reader_clears(site, "will")


async def a_kept_session_gets_what_it_missed(site: Site) -> None:
    """Messages of QoS 1 and 2 wait for a client that is away; without a kept session they do not.

    Those of one QoS come in order, which is all that MQTT promises.
    """
    async with site.listening("away", "news", qos=2, is_clean=False):
        pass
    async with site.client("publisher") as publisher:
        for number in range(100):
            await publisher.publish(Publication(site.topic("news"), b"%d" % number, 1 + number % 2))
    async with site.client("away", is_clean=False) as back:
        came = [await _next(back) for _ in range(100)]
        for qos in (1, 2):
            _equal(list(range(qos - 1, 100, 2)), [int(each.payload) for each in came if each.qos == qos])
        await _settle(site, back)
    async with site.listening("away", "end") as fresh, site.client("publisher") as publisher:
        await publisher.publish(Publication(site.topic("news"), b"missed", 1))
        _equal([], [m.payload for m in await _until_end(fresh, publisher, site.topic("end"))])


async def a_second_client_of_one_id_takes_over(site: Site) -> None:
    """Who comes later is heard; there is one session."""
    async with site.listening("twin", "t", is_clean=False), site.client("publisher") as publisher:
        pass
    async with site.client("twin", is_clean=False) as second, site.client("publisher") as publisher:
        await publisher.publish(Publication(site.topic("t"), b"for the second", 1))
        _equal(b"for the second", (await _next(second)).payload)


async def nothing_comes_after_unsubscribing(site: Site) -> None:
    """An ended subscription is ended."""
    async with site.listening("reader", "a", "end") as reader, site.client("publisher") as publisher:
        await reader.unsubscribe(site.topic("a"))
        await publisher.publish(Publication(site.topic("a"), b"x", 1))
        _equal([], [m.payload for m in await _until_end(reader, publisher, site.topic("end"))])


async def topics_of_any_language_and_large_payloads_pass(site: Site) -> None:
    """Unicode in topics, dots, empty levels, 200 kB, and nothing at all."""
    async with site.listening("reader", "#") as reader, site.client("publisher") as publisher:
        for topic in ("温度/küche", "a.b/c.d", "x//y", "-_*~"):
            await publisher.publish(Publication(site.topic(topic), topic.encode(), 1))
            message = await _next(reader)
            _equal((site.topic(topic), topic.encode()), (message.topic, message.payload))
        for payload in (b"", bytes(range(256)) * (_LARGE // 256)):
            await publisher.publish(Publication(site.topic("size"), payload, 1))
            _equal(payload, (await _next(reader)).payload)


async def what_is_not_acknowledged_comes_again(site: Site) -> None:
    """A message that was delivered and not acknowledged is delivered again to the session, as a repeat."""
    async with (
        site.listening("reader", "again", is_clean=False) as reader,
        site.client("publisher") as publisher,
    ):
        await publisher.publish(Publication(site.topic("again"), b"x", 1))
        async with asyncio.timeout(_PATIENCE):
            await reader.next_message()
            site.cut(reader)
            message = await reader.next_message()
        _equal((b"x", True), (message.payload, message.is_duplicate))
        reader.acknowledge(message)


CASES: Final[tuple[Case, ...]] = (
    every_qos_arrives_as_the_lower_of_both,
    messages_come_in_order_and_once,
    wildcards_select_what_the_specification_says,
    retained_messages_wait_for_late_subscribers,
    the_will_is_told_when_a_client_vanishes,
    a_kept_session_gets_what_it_missed,
    a_second_client_of_one_id_takes_over,
    nothing_comes_after_unsubscribing,
    topics_of_any_language_and_large_payloads_pass,
    what_is_not_acknowledged_comes_again,
)
"""All cases. A broker that fails one of them differs from the one in memory, and the docs must say so."""


async def reader_clears(site: Site, name: str) -> None:
    """Remove a retained message that a case has left."""
    async with site.client("cleaner") as cleaner:
        await cleaner.publish(Publication(site.topic(name), b"", 1, retained=True))


async def _next(client: Client) -> MqttMessage:
    async with asyncio.timeout(_PATIENCE):
        message = await client.next_message()
    client.acknowledge(message)
    return message


async def _payload_and_mark(client: Client) -> tuple[bytes, bool]:
    message = await _next(client)
    return message.payload, message.retained


async def _until_end(reader: Client, publisher: Client, end: str) -> list[MqttMessage]:
    """Return what comes before a last message that is published now."""
    await publisher.publish(Publication(end, b"end", 1))
    came = []
    while (message := await _next(reader)).topic != end:
        came.append(message)
    return came


async def _settle(site: Site, client: Client) -> None:
    """Return when the broker has read all that a client has sent it."""
    await client.subscribe(Subscription(site.topic("settled"), 1))
    await client.publish(Publication(site.topic("settled"), b"", 1))
    await _next(client)


def _equal(expected: Any, came: Any) -> None:
    if expected != came:
        raise AssertionError(f"{expected!r} was expected, {came!r} came")
