"""Wrong options are told where they belong, with what was probably meant."""

from __future__ import annotations

import pytest

from heliograph.app.app import App
from heliograph.app.program import make_parser
from heliograph.cli.main import main


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["pub", "--topc", "a"],
            "helio pub: unrecognized arguments: --topc a; did you mean --topic?; helio pub",
        ),
        (["sub", "--foo"], "helio sub: unrecognized arguments: --foo; helio sub --help"),
        (
            ["ingest", "add", "x", "--parsr", "y"],
            "helio ingest add: unrecognized arguments: --parsr y; did you",
        ),
        (["--foo"], "helio: unrecognized arguments: --foo; helio --help tells more"),
    ],
    ids=["close", "far", "action", "none"],
)
def test_a_wrong_option_is_told_by_its_command(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_a_device_program_tells_where_to_read_on(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        make_parser(App("dev"), "dev.py").parse_args(["--foo"])
    assert "dev.py: unrecognized arguments: --foo; dev.py --help tells more" in capsys.readouterr().err
