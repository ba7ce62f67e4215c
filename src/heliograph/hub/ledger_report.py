"""The ledger as ``helio ledger`` and the page show it: the store's lines beside what nats-server counts."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

from heliograph.errors import TopicError
from heliograph.hub.mqtt_run import topic_of
from heliograph.hub.payload import SUBJECT_PREFIX
from heliograph.model.topic import device_of
from heliograph.store.ledger.entry import Kind
from heliograph.store.ledger.ledger import Line
from heliograph.store.store import Store
from heliograph.stream.log import LP, MQTT, MQTT_PREFIX, StreamLog

_MS: Final = 1_000_000
_KINDS: Final = {Kind.DEVICE: "devices", Kind.BUCKET: "buckets", Kind.REST: "rest", Kind.OTHER: "other"}
_COUNTS: Final = (
    *("produced", "acknowledged", "stored", "visible", "missing", "repeats", "refused", "quarantined"),
    *("qos0", "points"),
)


async def ledger_report(
    store: Store, stream: StreamLog, applied: Mapping[str, int], device: str | None
) -> dict[str, Any]:
    """Return the ledger as JSON-ready values.

    Args:
        store: it has the counts.
        stream: nats-server, which is asked what it holds.
        applied: up to where each stream is visible.
        device: only this one, with the numbers of its missing batches; None means all, without them.

    Raises:
        StreamError: nats-server does not answer.
    """
    streams = await _streams(store, stream, applied)
    lines = await asyncio.to_thread(store.ledger, device)
    held = _held_devices(await stream.held(MQTT))
    in_stream: dict[Kind, Counter[str]] = {
        Kind.DEVICE: held,
        Kind.BUCKET: _held_buckets(await stream.held(LP)),
    }
    report: dict[str, Any] = {"streams": streams, "devices": [], "buckets": [], "rest": [], "other": []}
    for line in lines:
        shown = _line(line, in_stream.get(line.key.kind, Counter())[line.key.name])
        if device is not None:
            shown["gaps"] = [gap._asdict() for gap in line.gaps]
            shown["unlisted"] = line.missing - sum(gap.last - gap.first + 1 for gap in line.gaps)
        report[_KINDS[line.key.kind]].append(shown)
    return report


async def _streams(store: Store, stream: StreamLog, applied: Mapping[str, int]) -> list[dict[str, Any]]:
    sealed = store.streams.watermarks()
    streams = []
    for name in (LP, MQTT):
        state = await stream.state(name)
        streams.append(
            {
                "name": name,
                "first_seq": state.first_seq,
                "acknowledged_seq": state.last_seq,
                "visible_seq": applied[name],
                "stored_seq": sealed[name].seq if name in sealed else 0,
            }
        )
    return streams


def _line(line: Line, in_stream: int) -> dict[str, Any]:
    counts = {name: getattr(line, name) for name in _COUNTS}
    return {
        "name": line.key.name,
        **counts,
        "in_stream": in_stream,
        "boots": line.boots,
        "last_ms": line.last_ns // _MS if line.last_ns else None,
        "state": _state(line),
    }


def _state(line: Line) -> str:
    """Return in a word how a line stands: what is ``missing`` or ``refused`` comes first."""
    if line.missing:
        return "missing"
    if line.refused or line.quarantined:
        return "refused"
    return "whole" if line.stored == line.visible else "hot"


def _held_devices(held: Mapping[str, int]) -> Counter[str]:
    devices: Counter[str] = Counter()
    for subject, messages in held.items():
        try:
            devices[device_of(topic_of(subject.removeprefix(MQTT_PREFIX)))] += messages
        except TopicError:
            continue  # retained messages, commands, and whatever else people publish
    return devices


def _held_buckets(held: Mapping[str, int]) -> Counter[str]:
    return Counter({unquote(s.removeprefix(SUBJECT_PREFIX)): messages for s, messages in held.items()})
