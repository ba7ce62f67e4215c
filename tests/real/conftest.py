"""Real parts for real tests: each test gets a hub of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.course_programs import Place
from tests.real.hub_process import HubProcess
from tests.real.matrix_table import Table
from tests.real.mosquitto_process import MosquittoProcess


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubProcess]:
    """A running hub without an agent."""
    with HubProcess(tmp_path / "hub", "--no-agent") as running:
        yield running


@pytest.fixture(scope="module", params=["embedded", "mosquitto"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Each broker, once for a module: a hub's own, and Mosquitto with a hub that reads from it."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "mosquitto":
        with MosquittoProcess(folder) as mosquitto:
            address = f"mqtt://{mosquitto.host}:{mosquitto.port}"
            with HubProcess(folder / "hub", "--no-agent", "--broker", address) as hub:
                yield Place(request.param, mosquitto.port, hub, mosquitto)
    else:
        with HubProcess(folder / "hub", "--no-agent") as hub:
            yield Place(request.param, hub.mqtt_port, hub, None)


@pytest.fixture(scope="session")
def table() -> Iterator[Table]:
    """What was tried between ours and others, in all modules; HELIO_TEST_MATRIX names a file for it.

    ``-s`` shows it at the end. Several processes that share the tests have a part of it each.
    """
    cells = Table()
    yield cells
    sys.stdout.write(f"\n\n{cells}\n")
    if file := os.environ.get("HELIO_TEST_MATRIX"):
        Path(file).write_text(f"{cells}\n")
