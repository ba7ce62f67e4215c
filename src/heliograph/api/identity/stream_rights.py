"""What somebody may read of the streams: batches of their buckets, and messages of their topics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from heliograph.api.identity.identities import Caller, Identities
from heliograph.api.identity.rights import BUCKETS, Action
from heliograph.api.identity.topics import ALL_TOPICS, NO_TOPICS, TopicRights
from heliograph.errors import Forbidden


@dataclass(frozen=True, slots=True)
class StreamRights:
    """The part of the streams that one identity sees."""

    owner: str
    """Whose consumers they are; empty for the operators, who see everybody's."""
    topics: TopicRights
    reads: Callable[[str], bool]
    """Whether a bucket may be read."""
    reads_some: bool = True
    """Whether there is any."""

    @property
    def streams(self) -> tuple[str, ...]:
        """The streams in which there may be something for them."""
        mqtt = ("mqtt",) if self.topics.subscribe else ()
        return (*mqtt, "lp") if self.reads_some else mqtt

    def require(self, stream: str) -> None:
        """Let nobody pass for whom nothing can be in a stream.

        Raises:
            Forbidden: so it is.
        """
        if stream in ("mqtt", "lp") and stream not in self.streams:
            needed = "subscribe to topics" if stream == "mqtt" else "read a bucket"
            raise Forbidden(f"this token may not {needed}, so the stream {stream} has nothing for it")

    def shows(self, message: Mapping[str, Any]) -> bool:
        """Return whether a message, as programs get it, is for them."""
        if not self.owner:
            return True
        if "topic" in message:
            return self.topics.may_subscribe(message["topic"])
        return self.reads(message.get("bucket", ""))


ALL_STREAMS = StreamRights("", ALL_TOPICS, lambda _: True)
"""What operators see."""


def stream_rights(identities: Identities, caller: Caller) -> StreamRights:
    """Return what a caller may read of the streams.

    Raises:
        Forbidden: nothing.
    """
    if caller.is_operator:
        return ALL_STREAMS
    topics = NO_TOPICS if caller.is_user else identities.tokens.get(caller.token_id).topics
    known: dict[str, bool] = {}

    def reads(bucket: str) -> bool:
        if bucket not in known:
            known[bucket] = _reads(identities, caller, bucket)
        return known[bucket]

    some = any(each.action is Action.READ and each.resource == BUCKETS for each in caller.rights)
    if not some and not topics.subscribe:
        raise Forbidden(
            "streams are for who may read a bucket or subscribe to topics; this token may neither"
        )
    return StreamRights(caller.token_id, topics, reads, some)


def _reads(identities: Identities, caller: Caller, bucket: str) -> bool:
    try:
        identities.require(caller, Action.READ, bucket)
    except Forbidden:
        return False
    return True
