"""Who published where they may not: nats-server acknowledges that and drops it, and only its log tells."""

from __future__ import annotations

import itertools
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from heliograph.hub.counters import Counters
from heliograph.hub.mqtt_run import topic_of
from heliograph.store.quarantine import Quarantine, Refusal

log = logging.getLogger(__name__)

SOURCE: Final = "mqtt"
_AGAIN_AFTER: Final = 60.0
_REMEMBERED: Final = 1_000


class Trespass:
    """Counts such messages, and writes each sender and topic into quarantine once a minute at most."""

    def __init__(self, quarantine: Quarantine, counters: Counters, device_of: Callable[[str], str]) -> None:
        self._quarantine, self._counters, self._device_of = quarantine, counters, device_of
        self._told: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._numbers = itertools.count(1)
        self._start_ns = time.time_ns()

    def note(self, client_id: str, address: str, verb: str, subject: str) -> None:
        """Take in that a client may not publish, or subscribe, to what the server calls a subject."""
        self._counters.mqtt_forbidden += verb == "publish"
        now = time.monotonic()
        key = client_id, subject
        if now - self._told.get(key, -_AGAIN_AFTER) < _AGAIN_AFTER:
            return
        self._told[key] = now
        self._told.move_to_end(key)
        if len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)
        topic = topic_of(subject.removesuffix(".>") + ".#") if subject.endswith(".>") else topic_of(subject)
        reason = f'MQTT client "{client_id}" at {address} may not {verb} to {topic!r}'
        log.warning("%s", reason)
        position = f"forbidden:{self._start_ns}:{next(self._numbers)}"
        device = self._device_of(client_id)
        self._quarantine.add(Refusal(position, topic, device, reason, b"", time.time_ns()))
