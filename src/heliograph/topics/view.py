"""What of a tree is on a screen: rows of opened levels, and one topic in full."""

from __future__ import annotations

import base64
import json
from bisect import bisect_left
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from heliograph.codec.payload.decode import decode
from heliograph.codec.payload.plain_text import looks_like_text
from heliograph.topics.tree import Node, Sighting, Topic, TopicTree

PREVIEW_LETTERS: Final = 120
_NEW_PIECE_BYTES: Final = 512 * 1024
_VALUE_BYTES: Final = 16 * 1024
"""Payloads up to here are decoded for a list."""


@dataclass(frozen=True, slots=True)
class Row:
    """A level on the screen."""

    node: Node
    depth: int
    is_open: bool


def rows_of(tree: TopicTree, opened: Collection[str], offset: int, limit: int) -> tuple[int, list[Row]]:
    """Return how many rows there are when these levels are open, and some of them from ``offset`` on.

    The work is for the opened levels and the rows that are asked for, however many others there are.
    """
    flat = _Flat({node for path in opened if (node := tree.find(path)) is not None})
    return flat.height(tree.root), flat.rows(tree.root, 0, offset, limit)


class _Flat:
    """The tree as a list, of which only what is asked for is made."""

    def __init__(self, opened: set[Node]) -> None:
        self._opened_below: dict[Node, list[Node]] = {}
        for node in opened:
            if node.parent is not None and node.children:
                self._opened_below.setdefault(node.parent, []).append(node)
        for below in self._opened_below.values():
            below.sort(key=lambda node: node.name)

    def height(self, node: Node) -> int:
        return len(node.children) + sum(map(self.height, self._opened_below.get(node, ())))

    def rows(self, node: Node, depth: int, offset: int, limit: int) -> list[Row]:
        children = node.sorted_children()
        found: list[Row] = []
        at = 0
        for opened in [*self._opened_below.get(node, ()), None]:
            end = (
                len(children) if opened is None else bisect_left(children, opened.name, key=lambda n: n.name)
            )
            skipped = min(offset, end - at)
            offset -= skipped
            stop = min(end, at + skipped + limit - len(found))
            found += [Row(child, depth, is_open=False) for child in children[at + skipped : stop]]
            if opened is None or len(found) >= limit:
                break
            at = end + 1
            if offset:
                offset -= 1
            else:
                found.append(Row(opened, depth, is_open=True))
            height = self.height(opened)
            if offset < height:
                found += self.rows(opened, depth + 1, offset, limit - len(found))
                offset = 0
            else:
                offset -= height
        return found[:limit]


def preview(seen: Sighting) -> str:
    """Return the begin of a payload as one line: text, or hexadecimal digits."""
    head = seen.payload[: 4 * PREVIEW_LETTERS]
    if looks_like_text(seen.payload):
        return " ".join(head.decode(errors="replace").split())[:PREVIEW_LETTERS]
    return head[: PREVIEW_LETTERS // 3].hex(" ")


def row_json(row: Row, now_ns: int, name: str | None = None) -> dict[str, Any]:
    """Return a row as the page gets it."""
    node, topic = row.node, row.node.topic
    shown: dict[str, Any] = {
        "path": node.path,
        "name": node.name if name is None else name,
        "depth": row.depth,
        "open": row.is_open,
        "children": len(node.children),
        "topics": node.topics,
        "messages": node.messages,
    }
    if topic is not None:
        shown |= {
            "text": preview(topic.last),
            "time_ms": topic.last.time_ns // 1_000_000,
            "bytes": topic.last.size_bytes,
            "rate": round(topic.rate_at(now_ns), 2),
            "retained": topic.retained,
        }
    return shown


def topic_json(topic: Topic, now_ns: int, after_ms: int = 0) -> dict[str, Any]:
    """Return one topic in full: its last message and those before it, the newest first."""
    messages: list[dict[str, Any]] = []
    size_bytes = 0
    form = topic.node.children.get("form")
    for seen in [topic.last, *reversed(topic.earlier or ())]:
        size_bytes += len(seen.payload)
        if messages and (size_bytes > _NEW_PIECE_BYTES or seen.time_ns // 1_000_000 < after_ms):
            break
        messages.append(message_json(topic.node.path, seen))
    return {
        "topic": topic.node.path,
        "retained": topic.retained,
        "qos": topic.qos,
        "rate": round(topic.rate_at(now_ns), 2),
        "count": topic.node.messages if not topic.node.children else None,
        "has_form": form is not None and form.topic is not None and form.topic.last.payload != b"",
        "messages": messages,
    }


def message_json(topic: str, seen: Sighting) -> dict[str, Any]:
    """Return a message with its payload, and the values in it where it is of a form that has some."""
    shown: dict[str, Any] = {
        "time_ms": seen.time_ns // 1_000_000,
        "bytes": seen.size_bytes,
        "cut": len(seen.payload) < seen.size_bytes,
        "retained": seen.retained,
        "base64": base64.b64encode(seen.payload).decode(),
    }
    if len(seen.payload) <= _VALUE_BYTES:
        decoded = decode(seen.payload, topic=topic, now_s=seen.time_ns / 1e9)
        shown["form"] = decoded.form
        if _can_be_json(decoded.value):
            shown["value"] = decoded.value
    return shown


def _can_be_json(value: object) -> bool:
    """Return whether a browser will read it: 1e999 and half a surrogate pair are JSON to Python alone."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return False
    return True
