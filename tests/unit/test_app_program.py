"""From ``app.run()`` to the exit status, and the command ``helio app``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from heliograph import App
from heliograph.app.logs import JsonFormatter, TextFormatter
from heliograph.app.program import main
from heliograph.cli.main import main as helio
from heliograph.errors import ConfigError

PROGRAM = """
from heliograph import App
app = App("green", device="pi", description="Green things.")
app.option("--pin", type=int, default=4)

@app.every("5s")
def climate(pin: int) -> float:
    "The climate."
    return pin + 0.5

@app.command("fan")
def fan(speed: float) -> float:
    return speed
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    file = tmp_path / "green.py"
    file.write_text(PROGRAM)
    return file


def test_check_says_what_a_program_would_do(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert helio(["app", "check", str(program), "--offline", "--once", "--pin", "7"]) == 0
    printed = capsys.readouterr().out
    assert "green, device pi" in printed
    assert "--pin = 7 (set, GREEN_PIN)" in printed
    assert "every 5s climate() -> tel/pi/green as green, QoS 1" in printed
    assert "command  cmd/pi/green/fan -> fan(), QoS 1" in printed
    assert "green,host=pi climate=7.5 " in printed


def test_check_tells_programs_in_json(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert helio(["app", "check", "--json", "--offline", str(program)]) == 0
    described = json.loads(capsys.readouterr().out)
    assert described["publishes"][0]["help"] == "The climate."
    assert described["listens"][0]["filter"] == "cmd/pi/green/fan"


def test_check_tells_that_nobody_listens(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert helio(["app", "check", str(program), "--hub", "127.0.0.1:1"]) != 0
    assert "mqtt://127.0.0.1:1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x = 1", "one App was expected in it, 0 are"),
        ("from heliograph import App\na, b = App('a'), App('b')", "one App was expected in it, 2 are"),
        ("import no_such_driver", "No module named 'no_such_driver'; pip install"),
        ("def broken(", "is not Python"),
        ("from heliograph import App\napp = App('a')", "has nothing to do"),
    ],
)
def test_a_file_that_is_no_program_is_told_so(
    tmp_path: Path, text: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "wrong.py"
    file.write_text(text)
    assert helio(["app", "check", str(file), "--offline"]) == 2
    assert why in capsys.readouterr().err


def test_a_missing_file_is_told_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert helio(["app", "run", str(tmp_path / "no.py")]) == 2
    assert "there is no such file" in capsys.readouterr().err


def test_new_does_not_overwrite(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert helio(["app", "new", "green-house", "--folder", str(tmp_path / "g")]) == 0
    assert sorted(path.name for path in (tmp_path / "g").iterdir()) == [
        "README.md",
        "green-house.service",
        "green-house.toml",
        "green_house.py",
        "test_green_house.py",
    ]
    assert helio(["app", "new", "green-house", "--folder", str(tmp_path / "g")]) == 2
    assert "is not empty" in capsys.readouterr().err
    assert helio(["app", "new", "1st", "--folder", str(tmp_path / "h")]) == 2


def test_help_shows_the_programs_own_options_first(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        helio(["app", "run", str(program), "--help"])
    assert end.value.code == 0
    printed = capsys.readouterr().out
    assert printed.index("--pin INT") < printed.index("--hub ADDRESS")
    assert "Green things." in printed


def test_what_is_wrong_is_one_line_and_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    app = App("green", device="pi")
    assert main(app, []) == 2
    assert main(app, ["--device", "a b"]) == 2
    assert main(app, ["--spool-max", "lots"]) == 2
    assert main(app, ["--config", "/nowhere.toml"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4
    assert all(line.startswith("green: ") for line in lines)


def test_describe_needs_no_broker(capsys: pytest.CaptureFixture[str]) -> None:
    app = App("green", device="pi")
    assert main(app, ["--describe"]) == 0
    assert json.loads(capsys.readouterr().out)["presence"] == "sta/pi/green"


def test_an_option_may_not_take_the_place_of_one_that_every_app_has() -> None:
    with pytest.raises(ConfigError, match="every app has it"):
        App("a").option("--device")


def test_log_lines_have_their_extra_fields() -> None:
    import logging

    record = logging.LogRecord("app.x", logging.INFO, "f", 1, "fan %s", ("on",), None)
    record.speed = 3
    assert TextFormatter().format(record).endswith("INFO app.x: fan on speed=3")
    assert json.loads(JsonFormatter().format(record)) | {"time_ns": 0} == {
        "time_ns": 0,
        "level": "info",
        "logger": "app.x",
        "message": "fan on",
        "speed": 3,
    }
