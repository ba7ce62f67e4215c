"""What ``helio status`` and the status page show."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from heliograph.api.buckets import bucket_json
from heliograph.codec.lineprotocol.parser import PARSER
from heliograph.errors import StreamError
from heliograph.hub.bridge.bridge import Bridge
from heliograph.hub.bridge.choice import BrokerKind
from heliograph.hub.counters import Counters
from heliograph.hub.housekeeping import Housekeeping
from heliograph.hub.ingest.rules import IngestRules
from heliograph.hub.opening import Broker
from heliograph.store.damage import Damaged
from heliograph.store.quarantine import Quarantine
from heliograph.store.store import Store
from heliograph.stream.log import LP, MQTT, StreamState

_LAG: Final = 1_000
_DAMAGED: Final = 5
_MS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class MqttSide:
    """What has to do with MQTT."""

    broker: Broker
    bridge: Bridge | None
    """None where nats-server's own broker is used."""
    ingest: IngestRules


class Status:
    """Gathers the figures of all parts."""

    def __init__(
        self,
        *,
        hub: Mapping[str, str | int],
        mqtt: MqttSide,
        store: Store,
        quarantine: Quarantine,
        housekeeping: Housekeeping,
        counters: Counters,
        max_bytes: int,
    ) -> None:
        self._hub = hub
        self._broker = mqtt.broker
        self._server = mqtt.broker.server
        self._bridge = mqtt.bridge
        self._ingest = mqtt.ingest
        self._stream = mqtt.broker.stream
        self._store = store
        self._quarantine = quarantine
        self._housekeeping = housekeeping
        self._counters = counters
        self._max_bytes = max_bytes
        self._seen: tuple[list[StreamState], float] | None = None
        """What the streams held when nats-server last answered (monotonic seconds)."""

    async def report(self, applied: Mapping[str, int], *, pages: int) -> dict[str, Any]:
        """Return the report as JSON-ready values; ``applied`` has the position of each stream's reader."""
        sealed = self._store.streams.watermarks()
        streams = []
        states, age_s = await self._states()
        for state in states:
            name = state.name
            streams.append(
                {
                    "name": name,
                    "age_s": age_s,
                    "first_seq": state.first_seq,
                    "last_seq": state.last_seq,
                    "applied_seq": applied[name],
                    "sealed_seq": sealed[name].seq if name in sealed else 0,
                    "bytes": state.size_bytes,
                    "max_bytes": state.max_bytes,
                }
            )
        kept, total, recent = await asyncio.to_thread(self._quarantine.report)
        store = await asyncio.to_thread(self._store.statistics)
        mosquitto = self._broker.mosquitto
        names = {BrokerKind.EMBEDDED: "nats-server", BrokerKind.MOSQUITTO: "mosquitto"}
        return {
            "hub": dict(self._hub),
            "parser": PARSER,
            "broker": {
                "name": names.get(self._broker.choice.kind, "another broker"),
                "mqtt": f"{self._broker.mqtt.host}:{self._broker.mqtt.port}",
                "restarts": self._server.restarts,
                "broker_restarts": mosquitto.restarts if mosquitto else 0,
                "pages": pages,
            },
            "bridge": self._bridge.report() if self._bridge else None,
            "streams": streams,
            "store": {
                "rows_hot": store.rows_hot,
                "rows_sealed": store.rows_sealed,
                "segments": store.segments,
                "merging": self._housekeeping.is_merging,
                "summaries": store.rollup_segments,
                "summary_bytes": store.rollup_bytes,
                "hours_to_summarise": store.open_hours,
                "bytes": store.size_bytes,
                "max_bytes": self._max_bytes,
            },
            "buckets": [bucket_json(report) for report in await asyncio.to_thread(self._store.buckets)],
            "counters": self._counters.as_dict(),
            "quarantine": {
                "kept": kept,
                "total": total,
                "recent": [
                    {
                        "time_ms": r.time_ns // _MS,
                        "source": r.source,
                        "device": r.device,
                        "reason": r.reason,
                        "excerpt": r.excerpt.decode(errors="replace"),
                    }
                    for r in recent
                ],
            },
            "warnings": self._warnings(streams),
        }

    async def _states(self) -> tuple[list[StreamState], int]:
        """Return what the streams hold, and how many seconds ago they did: 0 unless nats-server is silent.

        Raises:
            StreamError: nats-server does not answer, and never did.
        """
        try:
            self._seen = [await self._stream.state(name) for name in (LP, MQTT)], time.monotonic()
        except StreamError:
            if self._seen is None:
                raise
            return self._seen[0], math.ceil(time.monotonic() - self._seen[1])
        return self._seen[0], 0

    def _warnings(self, streams: list[dict[str, Any]]) -> list[str]:
        warnings = [
            f"{s['name']}: {s['last_seq'] - s['applied_seq']} messages are not applied yet"
            for s in streams
            if s["last_seq"] - s["applied_seq"] > _LAG
        ]
        warnings += [
            f"{s['name']} is {100 * s['bytes'] // s['max_bytes']} % full"
            for s in streams
            if s["max_bytes"] and s["bytes"] > 0.8 * s["max_bytes"]
        ]
        if streams[0]["age_s"]:
            warnings.append(
                f"nats-server does not answer: what it holds is as it was {streams[0]['age_s']} s ago"
            )
        if self._server.trouble:
            warnings.append(f"nothing can be stored: {self._server.trouble}")
        warnings += self._server.limits.warnings()
        if self._bridge:
            warnings += self._bridge.warnings()
        warnings += self._ingest.warnings()
        warnings += self._housekeeping.warnings()
        if lost := self._counters.http_lost + self._counters.mqtt_lost:
            warnings.append(f"{lost} acknowledged messages are lost: a file of nats-server was damaged")
        warnings += [
            f"nats-server cut {size_bytes:,} bytes off the stream {name} at the start: after a power cut that"
            " is what was not acknowledged yet, otherwise a file was damaged and messages are lost"
            for name, size_bytes in self._server.cut_off.items()
        ]
        warnings += [
            "the catalogue was damaged and is put together again; rules of buckets, tokens and refused lines"
            f" may be older than they were: see damaged/{name}"
            for name in self._store.damage.catalogues
        ]
        warnings += _latest(self._store.damage.found)
        if self._store.unknown_files:
            warnings.append(
                f"{self._store.unknown_files} files in the segments folder are not in the catalogue: was it"
                " restored or removed? Their points are not shown"
            )
        if self._server.restarts:
            warnings.append(f"nats-server ended by itself {self._server.restarts} times since the start")
        return warnings


def _latest(damaged: list[Damaged]) -> list[str]:
    """Return what is told of damaged segments: the latest ones, and how many more there are."""
    told = [str(one) for one in damaged[-_DAMAGED:]]
    more = len(damaged) - len(told)
    return [*told, f"{more} more segments were damaged; see the folder damaged"] if more else told
