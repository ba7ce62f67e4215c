"""What an MQTT client says and hears: publications, subscriptions, messages. Plain, without a library."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class MessageProperties:
    """What MQTT 5 lets travel with a message beside topic and payload. Earlier versions have none of it."""

    content_type: str | None = None
    """What the payload is, as in ``application/json``."""
    response_topic: str | None = None
    """Where an answer is expected."""
    correlation_data: bytes | None = None
    """What an answer repeats, so that it is found again."""
    expiry_s: int | None = None
    """Seconds after which a broker that still holds the message drops it."""
    is_text: bool = False
    """Whether the payload is said to be UTF-8."""
    topic_alias: int | None = None
    """The number that stands for the topic on this connection."""
    subscription_id: int | None = None
    """The number that our subscription gave itself."""
    user: tuple[tuple[str, str], ...] = ()
    """Names and values of the sender's own; a name may come twice."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to send."""
        return self == MessageProperties()


NO_PROPERTIES = MessageProperties()


@dataclass(frozen=True, slots=True)
class Publication:
    """A message as it is sent, or left with the broker as a last will."""

    topic: str
    payload: bytes = b""
    qos: int = 0
    """0: at most once, 1: at least once, 2: exactly once."""
    retained: bool = False
    """Whether the broker keeps it for those who subscribe later."""
    properties: MessageProperties = NO_PROPERTIES


@dataclass(frozen=True, slots=True)
class Subscription:
    """A topic filter with the highest QoS that we want from it; the options are MQTT 5's."""

    topic_filter: str
    qos: int = 0
    is_local_left_out: bool = False
    """Whether what we publish ourselves does not come back."""
    keeps_retain_flag: bool = False
    """Whether the flag is as the publisher set it, instead of telling that the message was kept."""
    retain_handling: int = 0
    """Kept messages come 0: always, 1: with a new subscription only, 2: never."""


@dataclass(slots=True)
class MqttMessage:
    """A message as it came."""

    topic: str
    payload: bytes
    qos: int
    retained: bool
    """Whether the broker had kept it, so that it may be old."""
    is_duplicate: bool = False
    """Whether the broker says that it sends this once more."""
    packet_id: int = 0
    """Number on this connection; 0 with QoS 0."""
    properties: MessageProperties = field(default=NO_PROPERTIES)
    connection: int = 0
    """Which connection of the client it came over, counted from 1."""
