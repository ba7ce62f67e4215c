"""What an app tells of its options, from which the hub's page makes a form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from heliograph import App
from heliograph.errors import HubError
from heliograph.testing import AppTest


def make_app() -> App:
    app = App("greenhouse", device="pi")
    app.option("--gain", type=float, default=1.0, min=0, max=10, help="of the amplifier")
    app.option("--pin", type=int, default=4, remote=False)
    app.option("--token", secret=True)
    app.every("1h")(lambda: None)
    return app


def form(test: AppTest) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(test.messages("sta/pi/greenhouse/form")[-1])
    return told


def test_options_that_the_hub_may_set_are_told_with_their_values() -> None:
    with AppTest(make_app()) as test:
        [gain] = form(test)["options"]
        assert gain == {
            "name": "gain",
            "flag": "--gain",
            "variable": "GREENHOUSE_GAIN",
            "kind": "float",
            "default": 1.0,
            "help": "of the amplifier",
            "min": 0,
            "max": 10,
            "secret": False,
            "remote": True,
            "value": 1.0,
            "set": False,
        }


def test_what_was_set_and_what_was_wrong_is_told() -> None:
    with AppTest(make_app()) as test:
        test.configure(gain=2.5)
        assert (form(test)["options"][0]["value"], form(test)["options"][0]["set"]) == (2.5, True)
        with pytest.raises(HubError):
            test.configure(gain=11)
        assert "from 0 to 10" in form(test)["error"]
        assert form(test)["options"][0]["value"] == 2.5
        test.configure()
        told = form(test)
        assert (told["options"][0]["value"], told["options"][0]["set"], told["error"]) == (1.0, False, None)


def test_who_has_no_options_tells_of_none() -> None:
    app = App("bare", device="pi")
    app.every("1h")(lambda: None)
    with AppTest(app) as test:
        assert test.messages("sta/pi/bare/form") == []
