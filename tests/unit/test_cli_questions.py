"""Questions of commands to people."""

from __future__ import annotations

import io

import pytest

from heliograph.cli import main as command_line


def test_without_an_answer_nothing_is_done_and_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def ctrl_d(_: object) -> int:
        return len(input("Code of the app: "))

    monkeypatch.setattr("heliograph.cli.user.run", ctrl_d)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert command_line.main(["user", "totp", "anna"]) == 1
    assert "helio user: no answer came, so nothing was done" in capsys.readouterr().err
