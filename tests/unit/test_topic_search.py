"""Search in the tree of topics: what it finds is what one finds by looking at every name."""

from __future__ import annotations

import asyncio
import random

import pytest

from heliograph.model.topic_filter import matches
from heliograph.topics.name_index import BLOCK_NAMES, NameIndex
from heliograph.topics.search import MATCHES, search
from heliograph.topics.tree import TopicTree, TreeLimits


def filled(*topics: str, limits: TreeLimits | None = None) -> TopicTree:
    """Return a tree with one message of each topic."""
    tree = TopicTree(limits)
    for number, topic in enumerate(topics, 1):
        tree.put(topic, b"1", number)
    return tree


def found(tree: TopicTree, text: str) -> list[str]:
    """Return the names that a search finds, all of them."""
    topics, is_cut = asyncio.run(search(tree, text))
    assert not is_cut
    return [topic.node.path for topic in topics]


def test_words_and_filters() -> None:
    tree = filled("lab/Pi4/temp", "lab/pi5/temp", "shed/pi4/door")
    assert found(tree, "PI4") == ["lab/Pi4/temp", "shed/pi4/door"]
    assert found(tree, "temp pi5") == ["lab/pi5/temp"]
    assert found(tree, "+/+/temp") == ["lab/Pi4/temp", "lab/pi5/temp"]
    assert found(tree, "lab/#") == ["lab/Pi4/temp", "lab/pi5/temp"]
    assert found(tree, "nothing") == found(tree, "lab/+") == []
    assert found(tree, " ") == ["lab/Pi4/temp", "lab/pi5/temp", "shed/pi4/door"]


def test_a_topic_is_found_by_letters_of_any_case_and_length() -> None:
    tree = filled("straße/1", "STRASSE/2", "a\0b/3", "ΣΑΣ/4")
    assert found(tree, "strasse") == ["STRASSE/2", "straße/1"]
    assert found(tree, "σας") == ["ΣΑΣ/4"]
    assert found(tree, "b/3") == ["a\0b/3"]


@pytest.mark.parametrize("text", ["#", "a/#", "+", "+/+", "a/+/c", "+/b/#", "$SYS/#", "+/x", "a//#", "b/+#"])
def test_a_filter_finds_what_a_broker_would_send(text: str) -> None:
    luck = random.Random(text)
    names = {"/".join(luck.choices(["a", "b", "c", ""], k=luck.randint(1, 4))) for _ in range(150)}
    names |= {"$SYS/x", "$SYS/a/b", "/".join("ab" * 20), "a" + "/" * 40}
    tree = filled(*names)
    assert sorted(found(tree, text)) == sorted(name for name in names if matches(text, name))


@pytest.mark.parametrize("last", ["+", "#", "b"])
def test_a_filter_longer_than_the_tree_is_deep(last: str) -> None:
    name = "/".join(["a"] * 35 + ["b"])
    assert found(filled(name, "a/a"), "/".join(["a"] * 35 + [last])) == [name]


@pytest.mark.parametrize("text", ["t", "t/#"])
def test_more_than_fit_are_cut_by_name(text: str) -> None:
    tree = filled(*(f"t/{n:05}" for n in reversed(range(3 * MATCHES))))
    topics, is_cut = asyncio.run(search(tree, text))
    assert is_cut
    assert [topic.node.path for topic in topics] == [f"t/{n:05}" for n in range(MATCHES)]


def test_what_was_let_go_is_not_found() -> None:
    tree = filled(*(f"t/{n % 700}" for n in range(1_000)), limits=TreeLimits(topics=5))
    assert sorted(found(tree, "t")) == sorted(topic.node.path for topic in tree.walk())


def test_names_that_come_and_go_are_found_once() -> None:
    luck = random.Random(5)
    index, names = NameIndex(), set[str]()
    for _ in range(5 * BLOCK_NAMES):
        name = f"{luck.randrange(100_000)}/{'Ab'[luck.randrange(2)]}"
        if name not in names:
            names.add(name)
            index.add(name)
        if luck.random() < 0.3:
            gone = min(names)
            names.discard(gone)
            index.remove(gone)
    for words in (["1", "a"], ["/b"], []):
        wanted = sorted(name for name in names if all(word in name.casefold() for word in words))
        assert [name for some in index.having(words) for name in some] == wanted


def test_a_search_goes_on_over_names_that_come_meanwhile() -> None:
    index = NameIndex()
    for number in range(BLOCK_NAMES):
        index.add(f"{number:06}")
    seen: list[str] = []
    for some in index.having(["0"]):
        for number in range(BLOCK_NAMES, 2 * BLOCK_NAMES):
            if not seen:
                index.add(f"{number:06}")
        seen += some
    assert len(seen) == len(set(seen))
    assert sum(len(some) for some in index.having([])) == 2 * BLOCK_NAMES
