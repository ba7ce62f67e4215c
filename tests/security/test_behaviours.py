"""MQTT 3.1.1's statements, one by one on the embedded broker and on Mosquitto; what fails is named here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.hub_process import HubProcess
from tests.real.mosquitto_process import MosquittoProcess, mosquitto_binary
from tests.security.behaviours import BEHAVIOURS
from tests.security.report import Report

DOCS = Path(__file__).parents[2] / "docs" / "mqtt.md"
KNOWN: dict[str, set[str]] = {
    "embedded": {"4.4.0-1", "4.7.1-1", "4.7.3-4"},
    "mosquitto": set(),
}
"""What does not hold, by broker; the embedded one's are explained in docs/mqtt.md."""


@pytest.fixture(scope="module", params=["embedded", "mosquitto"])
def broker(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, int]]:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "embedded":
        with HubProcess(folder / "hub", "--no-agent") as hub:
            yield request.param, hub.mqtt_port
    else:
        if mosquitto_binary() is None:
            pytest.skip("mosquitto is not installed (make test installs it)")
        with MosquittoProcess(folder) as mosquitto:
            yield request.param, mosquitto.port


def test_what_the_standard_asks_for(broker: tuple[str, int], report: Report) -> None:
    name, port = broker
    failed: dict[str, str] = {}
    for number, (_, tried) in BEHAVIOURS.items():
        try:
            tried(port)
        except (AssertionError, TimeoutError, OSError) as error:
            failed[number] = f"{type(error).__name__}: {error}"
    for number, (what, _) in BEHAVIOURS.items():
        report.add(f"MQTT 3.1.1, {name}", f"[{number}] {what}", "FAIL" if number in failed else "pass")
    held = f"{len(BEHAVIOURS) - len(failed)} of {len(BEHAVIOURS)}"
    report.add(f"MQTT 3.1.1, {name}", "in all", held)
    assert set(failed) == KNOWN[name], failed


def test_what_the_embedded_broker_does_not_hold_is_told() -> None:
    told = DOCS.read_text()
    assert all(f"[{number}]" in told for number in KNOWN["embedded"])
