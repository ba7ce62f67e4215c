"""The tree of topics: the last message of each, some before it, and how many come; its memory is bounded.

The topic that was silent longest goes first, and of messages before the last one those that came first.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from heliograph.topics.name_index import NameIndex

MAX_LEVELS: Final = 32
"""What follows in a topic counts as one level: a topic of 65,535 slashes is no tree of so many nodes."""
_KEPT_BYTES: Final = 64 * 1024
_OVERHEAD_BYTES: Final = 500
"""What a topic needs beside its texts and payload, about."""
_EARLIER_OVERHEAD_BYTES: Final = 150
_RATE_NS: Final = 10_000_000_000


@dataclass(frozen=True, slots=True)
class TreeLimits:
    """How much a tree may hold."""

    topics: int = 200_000
    size_bytes: int = 256 * 1024 * 1024
    """Of topics and their last messages, about."""
    earlier: int = 100
    """Messages before the last one, of each topic."""
    earlier_messages: int = 100_000
    """Messages before the last one, of all topics."""
    earlier_bytes: int = 32 * 1024 * 1024


@dataclass(slots=True)
class TreeCounters:
    """What a tree took and let go since it was made."""

    messages: int = 0
    evicted_topics: int = 0
    evicted_messages: int = 0
    """Earlier ones that had to make room for those of other topics."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One message of a topic."""

    time_ns: int
    """When it came here."""
    payload: bytes
    """At most 64 KiB of it."""
    size_bytes: int
    """Of the whole payload."""
    retained: bool


class Topic:
    """What is known of one topic."""

    __slots__ = ("_rate", "earlier", "last", "newer", "node", "older", "qos", "retained", "stale")

    def __init__(self, node: Node, last: Sighting) -> None:
        self.node = node
        self.last = last
        self.retained = last.retained
        """Whether the broker keeps a message, as far as we were told."""
        self.qos: int | None = None
        self.earlier: list[Sighting] | None = None
        self.stale = 0
        """How many entries of the tree's queue stand for messages that are gone already."""
        self._rate = 0.0
        self.older: Topic | None = None
        self.newer: Topic | None = None

    def rate_at(self, now_ns: int) -> float:
        """Return the messages a second, those of the last ten seconds counting most."""
        return self._rate * math.exp(-max(now_ns - self.last.time_ns, 0) / _RATE_NS)

    def count(self, seen: Sighting) -> None:
        """Take a message as the last one."""
        self._rate = self.rate_at(seen.time_ns) + 1e9 / _RATE_NS
        self.last = seen


class Node:
    """A level: its name, what is below it, and the topic that ends here if there is one."""

    __slots__ = ("children", "messages", "name", "order", "parent", "topic", "topics")

    def __init__(self, name: str, parent: Node | None) -> None:
        self.name = name
        self.parent = parent
        self.children: dict[str, Node] = {}
        self.order: list[Node] | None = None
        self.topic: Topic | None = None
        self.topics = 0
        """Topics here and below."""
        self.messages = 0

    @property
    def path(self) -> str:
        """The levels down to here, as in a topic."""
        names: list[str] = []
        node = self
        while node.parent is not None:
            names.append(node.name)
            node = node.parent
        return "/".join(reversed(names))

    def sorted_children(self) -> list[Node]:
        """Return what is right below, by name; it is not to be changed."""
        if self.order is None:
            self.order = sorted(self.children.values(), key=_name)
        return self.order

    def add(self, name: str) -> Node:
        """Make a level below."""
        child = self.children[name] = Node(name, self)
        if self.order is not None:
            insort(self.order, child, key=_name)
        return child

    def remove(self, child: Node) -> None:
        """Forget a level below."""
        del self.children[child.name]
        if self.order is not None:
            del self.order[bisect_left(self.order, child.name, key=_name)]


def _name(node: Node) -> str:
    return node.name


def levels_of(topic: str) -> list[str]:
    """Return the levels of a topic as the tree has them."""
    return topic.split("/", MAX_LEVELS - 1)


class TopicTree:
    """All topics that were seen, within limits."""

    def __init__(self, limits: TreeLimits | None = None) -> None:
        self.limits = limits or TreeLimits()
        self.root = Node("", None)
        self.names = NameIndex()
        self.counters = TreeCounters()
        self.size_bytes = 0
        self.earlier_bytes = 0
        # it never gets that far: room is made at each message
        self._queue: deque[Topic] = deque(maxlen=self.limits.earlier_messages + 2)
        self._oldest: Topic | None = None
        self._newest: Topic | None = None

    def put(self, topic: str, payload: bytes, time_ns: int, *, retained: bool = False) -> Topic:
        """Take a message; an empty one says that the broker keeps none of this topic any more."""
        node = self.root
        nodes = [node]
        for name in levels_of(topic):
            node = node.children.get(name) or node.add(name)
            nodes.append(node)
        seen = Sighting(time_ns, payload[:_KEPT_BYTES], len(payload), retained)
        found = node.topic
        if found is None:
            found = node.topic = Topic(node, seen)
            self.names.add(topic)
            for each in nodes:
                each.topics += 1
            self.size_bytes += _OVERHEAD_BYTES + len(topic)
        else:
            self._unlink(found)
            self.size_bytes -= len(found.last.payload)
            self._keep_earlier(found)
            found.retained = bool(payload) and (retained or found.retained)
        found.count(seen)
        self.size_bytes += len(seen.payload)
        for each in nodes:
            each.messages += 1
        self.counters.messages += 1
        self._link(found)
        self._make_room()
        return found

    def find(self, path: str) -> Node | None:
        """Return the level of a path, None if there is none."""
        node: Node | None = self.root
        for name in levels_of(path):
            if node is None:
                return None
            node = node.children.get(name)
        return node

    def walk(self) -> Iterator[Topic]:
        """Yield the topics level by level in the order of their names; the tree may change meanwhile."""
        waiting = [self.root]
        while waiting:
            node = waiting.pop()
            if node.topic is not None:
                yield node.topic
            waiting += reversed(node.sorted_children())

    def _keep_earlier(self, topic: Topic) -> None:
        earlier = topic.earlier
        if earlier is None:
            earlier = topic.earlier = []
        earlier.append(topic.last)
        self.earlier_bytes += _weight(topic.last)
        self._queue.append(topic)
        if len(earlier) > self.limits.earlier:
            self.earlier_bytes -= _weight(earlier.pop(0))
            topic.stale += 1

    def _make_room(self) -> None:
        limits = self.limits
        while self._queue and (
            self.earlier_bytes > limits.earlier_bytes or len(self._queue) > limits.earlier_messages
        ):
            topic = self._queue.popleft()
            if topic.stale:
                topic.stale -= 1
            elif topic.earlier:
                self.earlier_bytes -= _weight(topic.earlier.pop(0))
                self.counters.evicted_messages += 1
        while self._oldest is not self._newest and (
            self.root.topics > limits.topics or self.size_bytes > limits.size_bytes
        ):
            if self._oldest is None:
                break
            self._evict(self._oldest)

    def _evict(self, topic: Topic) -> None:
        self._unlink(topic)
        name = topic.node.path
        self.names.remove(name)
        self.size_bytes -= _OVERHEAD_BYTES + len(name) + len(topic.last.payload)
        for each in topic.earlier or ():
            self.earlier_bytes -= _weight(each)
        topic.earlier = None
        topic.stale = 0
        topic.node.topic = None
        self.counters.evicted_topics += 1
        node: Node | None = topic.node
        while node is not None:
            node.topics -= 1
            parent = node.parent
            if parent is not None and not node.topics:
                parent.remove(node)
            node = parent

    def _link(self, topic: Topic) -> None:
        topic.older, topic.newer = self._newest, None
        if self._newest is not None:
            self._newest.newer = topic
        self._newest = topic
        if self._oldest is None:
            self._oldest = topic

    def _unlink(self, topic: Topic) -> None:
        if topic.older is not None:
            topic.older.newer = topic.newer
        else:
            self._oldest = topic.newer
        if topic.newer is not None:
            topic.newer.older = topic.older
        else:
            self._newest = topic.older
        topic.older = topic.newer = None


def _weight(seen: Sighting) -> int:
    return len(seen.payload) + _EARLIER_OVERHEAD_BYTES
