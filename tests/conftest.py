"""What every test starts from: no settings of the person who runs it, and hypothesis without luck in CI."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("local", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("local"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the caller's HELIO_ variables: a test that needs one sets it. The corpus is for tests."""
    for name in [name for name in os.environ if name.startswith("HELIO_") and name != "HELIO_CORPUS"]:
        monkeypatch.delenv(name)
