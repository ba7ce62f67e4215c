"""Ten hours in the greenhouse, in less than a second: no board, no broker."""

from __future__ import annotations

from pathlib import Path

import pytest
from greenhouse import app, greenhouse  # type: ignore[import-not-found]  # beside this file

from heliograph.errors import HubError
from heliograph.testing import AppTest


def test_it_never_stays_too_warm() -> None:
    with AppTest(app, simulate=True, interval="10s", too_warm=25.0) as test:
        test.advance("10h")
        assert len(test.points) == 3601
        assert max(float(point.fields["temperature"]) for point in test.points) < 26
        assert {point.fields["fan"] for point in test.points} == {0.0, 1.0}


def test_by_hand_it_does_as_it_is_told_and_answers() -> None:
    with AppTest(app, simulate=True) as test:
        assert test.command("fan", 0.5) == {"fan": 0.5}
        test.advance("1m")
        assert test.points[-1].fields["fan"] == 0.5
        with pytest.raises(HubError, match="from 0 to 1, 7 came"):
            test.command("fan", 7)
        test.command("automatic")
        test.advance("1s")
        assert test.points[-1].fields["fan"] == 0.0


def test_the_hub_sets_when_it_is_too_warm() -> None:
    with AppTest(app, simulate=True) as test:
        test.configure(too_warm=0)
        test.advance("1s")
        assert greenhouse.speed == 1.0
    assert greenhouse.speed == 0.0, "it is off when the program ends"


def test_nothing_is_missing_after_an_hour_without_the_network(tmp_path: Path) -> None:
    with AppTest(app, tmp_path, simulate=True) as test:
        test.disconnect()
        test.advance("1h")
        test.connect()
        test.advance("1s")
        times = sorted(point.time_ns or 0 for point in test.points)
        assert times == list(range(times[0], times[0] + 3602 * 10**9, 10**9))
