"""Topics by words or by an MQTT filter: found within milliseconds, and with turns for everybody else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Final

from heliograph.model.topic_filter import matches, unshared
from heliograph.topics.tree import MAX_LEVELS, Node, Topic, TopicTree

MATCHES: Final = 1_000
"""A search ends with so many topics."""
_TURN: Final = 0.01
"""Seconds after which others have theirs."""
_NODES_AT_ONCE: Final = 1_000


async def search(tree: TopicTree, text: str) -> tuple[list[Topic], bool]:
    """Return topics by name that a text means, and whether there are more than ``MATCHES``.

    Args:
        tree: where to search; it may change meanwhile.
        text: an MQTT filter, or else words that must all be in the topic, large or small.
    """
    found: list[Topic] = []
    began = time.perf_counter()
    for some in _selected(tree, text) if _is_filter(text) else _having(tree, text):
        found += some
        if len(found) > MATCHES:
            return found[:MATCHES], True
        if time.perf_counter() - began > _TURN:
            await asyncio.sleep(0)
            began = time.perf_counter()
    return found, False


def _is_filter(text: str) -> bool:
    return "#" in text or "+" in text.split("/")


def _having(tree: TopicTree, text: str) -> Iterator[list[Topic]]:
    for names in tree.names.having(text.split()):
        nodes = (tree.find(name) for name in names[: MATCHES + 1])
        yield [node.topic for node in nodes if node is not None and node.topic is not None]


def _selected(tree: TopicTree, topic_filter: str) -> Iterator[list[Topic]]:
    """Yield what a filter selects; only levels are visited that it may mean."""
    wanted = unshared(topic_filter).split("/")
    if len(wanted) > MAX_LEVELS:  # what follows is one level of the tree: it is compared as a text
        wanted = [*wanted[: MAX_LEVELS - 1], "#"]
    found: list[Topic] = []
    for number, node in enumerate(_visited(tree.root, wanted), 1):
        if node.topic is not None and matches(topic_filter, node.path):
            found.append(node.topic)
        if number % _NODES_AT_ONCE == 0:
            yield found
            found = []
    yield found


def _visited(root: Node, wanted: list[str]) -> Iterator[Node]:
    waiting = [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        yield node
        level = wanted[min(depth, len(wanted) - 1)]
        if level == "#":
            waiting += [(child, depth) for child in reversed(node.sorted_children())]
        elif depth == len(wanted):
            continue
        elif level == "+" or depth == MAX_LEVELS - 1:
            waiting += [(child, depth + 1) for child in reversed(node.sorted_children())]
        elif (child := node.children.get(level)) is not None:
            waiting.append((child, depth + 1))
