"""Real parts for real tests: each test gets a hub of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.hub_process import HubProcess


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubProcess]:
    """A running hub without an agent."""
    with HubProcess(tmp_path / "hub", "--no-agent") as running:
        yield running
