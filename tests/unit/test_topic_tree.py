"""The tree of topics: what it holds, what it lets go, and which of its rows are on a screen."""

from __future__ import annotations

import random

from heliograph.topics.tree import MAX_LEVELS, TopicTree, TreeLimits
from heliograph.topics.view import message_json, row_json, rows_of, topic_json

SECOND_NS = 1_000_000_000


def filled(*topics: str, limits: TreeLimits | None = None) -> TopicTree:
    """Return a tree with one message of each topic, a second apart."""
    tree = TopicTree(limits)
    for number, topic in enumerate(topics, 1):
        tree.put(topic, b"1", number * SECOND_NS)
    return tree


def paths(tree: TopicTree, *opened: str, offset: int = 0, limit: int = 100) -> list[str]:
    """Return the paths on a screen."""
    return [row.node.path for row in rows_of(tree, opened, offset, limit)[1]]


def test_levels_count_the_topics_and_messages_below() -> None:
    tree = filled("a/b", "a/c/d", "x", "a/b")
    a = tree.find("a")
    assert a is not None
    assert (a.topics, a.messages, a.topic) == (2, 3, None)
    assert (tree.root.topics, tree.root.messages) == (3, 4)


def test_empty_levels_are_levels() -> None:
    tree = filled("/", "/a", "a//b")
    assert [topic.node.path for topic in tree.walk()] == ["/", "/a", "a//b"]
    assert tree.find("a/") is not None
    assert tree.find("b") is None


def test_rows_are_the_same_however_they_are_asked_for() -> None:
    luck = random.Random(7)
    tree = filled(*{"/".join(luck.choices("abcd", k=luck.randint(1, 5))) for _ in range(200)})
    opened = ["a", "a/b", "b", "b/c", "b/c/d", "d", "d/d", "c/a"]
    total, rows = rows_of(tree, opened, 0, 10_000)
    whole = [row.node.path for row in rows]
    assert total == len(whole) == len(set(whole))
    for offset in range(total + 1):
        for limit in (1, 3, 50):
            assert paths(tree, *opened, offset=offset, limit=limit) == whole[offset : offset + limit]


def test_rows_below_a_closed_level_are_not_shown() -> None:
    tree = filled("a/b/c", "d")
    assert paths(tree, "a/b") == ["a", "d"]
    assert paths(tree, "a", "a/b") == ["a", "a/b", "a/b/c", "d"]


def test_what_was_silent_longest_goes_first() -> None:
    tree = filled("a/1", "a/2", "a/1", "b/3", limits=TreeLimits(topics=2))
    assert [topic.node.path for topic in tree.walk()] == ["a/1", "b/3"]
    assert tree.counters.evicted_topics == 1
    assert tree.root.topics == 2


def test_levels_without_topics_go_with_the_last_of_them() -> None:
    tree = filled("a/b/c", "x", limits=TreeLimits(topics=1))
    assert paths(tree) == ["x"]


def test_large_payloads_push_topics_out() -> None:
    tree = TopicTree(TreeLimits(size_bytes=150_000))
    for number in range(10):
        tree.put(f"t/{number}", bytes(50_000), number)
    assert tree.root.topics == 2
    assert tree.size_bytes <= 150_000


def test_memory_is_counted_down_to_nothing() -> None:
    tree = TopicTree(TreeLimits(topics=5, earlier=3, earlier_messages=8))
    luck = random.Random(3)
    for number in range(5_000):
        tree.put(f"t/{luck.randint(0, 20)}", bytes(luck.randint(0, 200)), number)
    held = sum(len(each.payload) + 150 for topic in tree.walk() for each in topic.earlier or ())
    assert tree.earlier_bytes == held
    last = sum(500 + len(t.node.path) + len(t.last.payload) for t in tree.walk())
    assert tree.size_bytes == last


def test_earlier_messages_are_bounded_per_topic_and_for_all() -> None:
    tree = TopicTree(TreeLimits(earlier=3, earlier_messages=4))
    for number in range(10):
        tree.put("busy", str(number).encode(), number)
    busy = tree.find("busy")
    assert busy is not None
    assert busy.topic is not None
    assert [each.payload for each in busy.topic.earlier or ()] == [b"6", b"7", b"8"]
    for number in range(10):
        tree.put(f"other/{number % 2}", b"", number)
    assert sum(len(topic.earlier or ()) for topic in tree.walk()) <= 4


def test_an_empty_message_clears_what_was_retained() -> None:
    tree = TopicTree()
    assert tree.put("a", b"1", 1, retained=True).retained
    assert tree.put("a", b"2", 2).retained
    assert not tree.put("a", b"", 3).retained


def test_a_topic_of_slashes_is_no_deep_tree() -> None:
    tree = filled("/" * 60_000)
    depth, node = 0, tree.root
    while node.children:
        depth, node = depth + 1, next(iter(node.children.values()))
    assert depth == MAX_LEVELS
    assert node.path == "/" * 60_000


def test_the_rate_fades() -> None:
    tree = TopicTree()
    for number in range(200):
        topic = tree.put("a", b"", number * SECOND_NS // 10)
    assert 8 < topic.rate_at(20 * SECOND_NS) < 12
    assert topic.rate_at(120 * SECOND_NS) < 0.01


def test_a_topic_is_told_with_values_the_newest_first() -> None:
    tree = TopicTree()
    tree.put("a", b'{"t": 1}', 1_000_000)
    topic = tree.put("a", b"\xff\x00", 2_000_000)
    told = topic_json(topic, 2_000_000)
    assert [each["form"] for each in told["messages"]] == ["hex", "json"]
    assert told["messages"][1]["value"] == {"t": 1}
    assert len(topic_json(topic, 2_000_000, after_ms=2)["messages"]) == 1


def test_a_topic_tells_whether_there_is_a_form_right_below() -> None:
    tree = TopicTree()
    program = tree.put("sta/pi/fan", b"online", 1, retained=True)
    assert not topic_json(program, 2)["has_form"]
    tree.put("sta/pi/fan/form/deeper", b"x", 2)
    assert not topic_json(program, 2)["has_form"]
    tree.put("sta/pi/fan/form", b"{}", 3, retained=True)
    assert topic_json(program, 4)["has_form"]
    tree.put("sta/pi/fan/form", b"", 5)
    assert not topic_json(program, 6)["has_form"]


def test_what_a_browser_cannot_read_is_left_out() -> None:
    tree = TopicTree()
    for payload in (b"1e999", b'["\\ud800"]', b'{"a": [1e999]}'):
        assert "value" not in message_json("a", tree.put("a", payload, 1).last)


def test_a_row_shows_the_begin_of_the_payload() -> None:
    tree = TopicTree()
    tree.put("text", b"a\n b" * 100, 1)
    tree.put("bytes", b"\xff\x01" * 1000, 1)
    shown = {row.node.name: row_json(row, 1) for row in rows_of(tree, [], 0, 10)[1]}
    assert shown["text"]["text"].startswith("a b")
    assert shown["bytes"]["text"].startswith("ff 01 ff")
    assert shown["bytes"]["bytes"] == 2000
