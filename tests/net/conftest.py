"""Boards of the rig, for tests that are the laptop beside them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from tests.net.rig.board import RigBoard
from tests.net.rig.image import base_image, why_not
from tests.net.rig.lan import Lan
from tests.net.rig.laptop import Laptop

FULL: Final = os.environ.get("BOARDS") == "full"
"""Whether ``make test-boards`` runs: with many boards, other Debians, and packages that are installed."""


@pytest.fixture(scope="session")
def boards_possible() -> None:
    """Skip where this machine cannot have boards; who asked for boards is not told that all went well."""
    if reason := why_not():
        (pytest.fail if FULL else pytest.skip)(reason)


@pytest.fixture(scope="module")
def lan(boards_possible: None) -> Iterator[Lan]:
    """The network of the rig; a test that uses it is in it."""
    del boards_possible
    with Lan() as network:
        yield network


@pytest.fixture
def board(lan: Lan, tmp_path: Path) -> Iterator[RigBoard]:
    """A freshly flashed board; the test runs in its network."""
    with RigBoard(lan, base_image(), tmp_path, 1) as fresh, lan.inside():
        yield fresh


@pytest.fixture
def boards(lan: Lan, tmp_path: Path) -> Iterator[list[RigBoard]]:
    """Three of them."""
    with ExitStack() as stack:
        fresh = [RigBoard(lan, base_image(), tmp_path, number) for number in (1, 2, 3)]
        for each in fresh:
            stack.enter_context(each)
        stack.enter_context(lan.inside())
        yield fresh


@pytest.fixture
def laptop(tmp_path: Path) -> Laptop:
    """A laptop that knows no boards yet."""
    folder = tmp_path / "laptop"
    folder.mkdir()
    return Laptop(folder)


@pytest.fixture
def full() -> None:
    """Only in ``make test-boards``."""
    if not FULL:
        pytest.skip("part of make test-boards")
