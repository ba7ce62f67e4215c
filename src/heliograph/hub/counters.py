"""Counters of the running hub, shown by ``helio status``."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(slots=True)
class Counters:
    """What happened since the start. Plain integers, each changed by one task or thread only."""

    http_batches: int = 0
    """Batches acknowledged over HTTP."""
    http_points: int = 0
    """Points in them."""
    http_refused_lines: int = 0
    """Lines that were answered with an error."""
    points_too_old: int = 0
    """Points that were refused, over HTTP or MQTT, because they were older than their bucket keeps."""
    points_new_series: int = 0
    """Points that were refused because they would have made too many series."""
    http_unacknowledged: int = 0
    """Batches that the stream did not acknowledge; the client was told to try again."""
    http_read_back: int = 0
    """Batches read from the stream because no acknowledgement had come, or at the start."""
    http_lost: int = 0
    """Batches that the stream took and cannot give any more: nats-server cut off a damaged file."""
    mqtt_messages: int = 0
    """Messages of QoS 1 and 2 read from the stream, whatever their topic."""
    mqtt_points: int = 0
    """Points in them."""
    mqtt_lost: int = 0
    """Messages that the stream took and cannot give any more, likewise."""
    mqtt_refused: int = 0
    """Lines and messages that went to quarantine."""
    mqtt_forbidden: int = 0
    """Messages that somebody published where they may not; they were dropped."""
    qos0_points: int = 0
    """Points that came with QoS 0."""
    qos0_dropped: int = 0
    """QoS 0 messages dropped because the hub could not follow."""
    bridge_messages: int = 0
    """Messages that came from another broker, whatever their topic and QoS."""
    bridge_points: int = 0
    """Points in them."""
    bridge_without_rule: int = 0
    """Messages that came from another broker and that no ingest rule takes."""
    bridge_retries: int = 0
    """How often a message waited for the stream before it was acknowledged to the other broker."""
    bridge_connections_lost: int = 0
    """How often the connection to the other broker was lost."""
    bridge_sessions_lost: int = 0
    """How often the other broker had forgotten what it held for us."""
    store_waits: int = 0
    """How often reading a stream waited because too many points were waiting to be sealed."""
    seals: int = 0
    """How often hot points were written as segments."""
    segments_merged: int = 0
    """Small segments that were merged into larger ones."""
    seal_failures: int = 0
    """How often that failed."""
    points_expired: int = 0
    """Points that were forgotten because they were older than their bucket keeps."""
    points_over_cap: int = 0
    """Points that were forgotten because the data folder had reached its size limit."""

    def as_dict(self) -> dict[str, int]:
        """Return all counters by name."""
        return asdict(self)
