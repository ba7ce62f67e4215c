"""What an app refuses to be, before anything runs, and how it ends."""

from __future__ import annotations

from typing import Any

import pytest

from heliograph import App
from heliograph.errors import ConfigError, NotPossible
from heliograph.testing import AppTest

SECOND = 1_000_000_000


def make_app() -> App:
    return App("lab", device="pi")


def test_declarations_that_make_no_sense_are_told_before_anything_runs() -> None:
    app = make_app()
    with pytest.raises(ConfigError, match="nothing to do"), AppTest(app):
        pass

    @app.every("1s")
    def value(unknown: int) -> int:
        return unknown

    with pytest.raises(
        ConfigError, match=r"value\(\) \(.*: nothing is known to give for the argument 'unknown'"
    ):
        AppTest(app).__enter__()


@pytest.mark.parametrize("period", ["soon", "0s", -1, "{gone}"])
def test_a_period_is_checked(period: Any) -> None:
    app = make_app()

    @app.every(period)
    def value() -> int:
        return 1

    with pytest.raises(ConfigError), AppTest(app):
        pass


def test_an_app_that_does_not_run_says_so() -> None:
    with pytest.raises(NotPossible, match="while the app runs"):
        make_app().emit("m", {"v": 1})


@pytest.mark.parametrize("name", ["", "a b", "a/b", "ü", "x" * 65])
def test_names_fit_into_topics(name: str) -> None:
    with pytest.raises(ConfigError, match="name of the app"):
        App(name)


def test_quit_ends_the_app() -> None:
    app = make_app()

    @app.every("1s")
    def value() -> None:
        app.quit()

    with AppTest(app) as test:
        test.advance("1s")
        assert test.ended
