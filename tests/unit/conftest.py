"""Stores on disk for unit tests."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.stored_points import Kept


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    """A store of the test's own."""
    with Kept(tmp_path) as open_:
        yield open_


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """New folders for the examples of a property."""
    root = tmp_path_factory.mktemp("stores")
    return (_made(root / str(number)) for number in itertools.count())


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
