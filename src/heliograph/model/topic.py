"""The topics that points, commands and presence use, and what may stand in them.

Points ``tel/<device>/…``, commands ``cmd/<device>/…``, presence ``sta/<device>``.
"""

from __future__ import annotations

import re

from heliograph.errors import TopicError

_DEVICE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NOT_DEVICE = re.compile(r"[^A-Za-z0-9_-]+")


def device_id(host_name: str) -> str:
    """Make a device id from a host name: what may not stand in one becomes ``-``.

    Raises:
        TopicError: nothing usable is left of the name.
    """
    name = _NOT_DEVICE.sub("-", host_name).strip("-")[:64]
    if not name:
        raise TopicError(f"no device id can be made of the host name {host_name!r}", excerpt=host_name)
    return name


def is_device_id(text: str) -> bool:
    """Return whether a text may stand in topics as the id of a device."""
    return _DEVICE.fullmatch(text) is not None


def telemetry_topic(device: str) -> str:
    """Return the topic to which a device publishes line protocol."""
    return f"tel/{device}/lp"


def presence_topic(device: str) -> str:
    """Return the topic that holds whether the device is connected (retained, last will)."""
    return f"sta/{device}"


def device_publishes(device: str) -> tuple[str, ...]:
    """Return filters of the topics to which a device with a key may publish: it tells of itself."""
    return (f"tel/{device}/#", f"sta/{device}", f"sta/{device}/#", f"log/{device}/#")


def device_hears(device: str) -> str:
    """Return the filter of the topics that such a device may subscribe to: what it is told."""
    return f"cmd/{device}/#"


def device_of(topic: str) -> str:
    """Return the device that a telemetry topic names.

    Raises:
        TopicError: not of the form ``tel/<device>/…``, or the device id has other characters than
            letters, digits, ``_`` and ``-``, or more than 64 of them.
    """
    parts = topic.split("/", 2)
    if len(parts) != 3 or parts[0] != "tel":
        raise TopicError(f"points belong below tel/<device>/, the topic is {topic!r}", excerpt=topic)
    if not _DEVICE.fullmatch(parts[1]):
        raise TopicError(
            f"a device id has 1 to 64 of A-Z a-z 0-9 _ -, the topic is {topic!r}",
            column=len("tel/") + 1,
            excerpt=topic,
        )
    return parts[1]
