from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from heliograph.cli.main import main
from heliograph.config.keys import keys, sections
from heliograph.config.load import load
from heliograph.config.sample import descriptions, sample
from heliograph.config.tree import Settings


def uncommented() -> str:
    return re.sub(r"^#(?! )", "", sample(), flags=re.MULTILINE)


def test_the_sample_as_it_is_changes_nothing() -> None:
    assert tomllib.loads(sample()) == {section: {} for section in sections()}


def test_the_sample_has_every_setting_with_its_default(tmp_path: Path) -> None:
    file = tmp_path / "sample.toml"
    file.write_text(uncommented(), encoding="utf-8")
    loaded = load(tmp_path, config_files=[file], environ={}, overrides={})
    assert loaded.settings == Settings()
    lines = uncommented().splitlines()
    for path, origin in loaded.origins.items():
        where, _, line = origin.rpartition(":")
        assert where == str(file), path
        assert lines[int(line) - 1].startswith(path.partition(".")[2] + " ")


def test_every_setting_and_section_says_what_it_is() -> None:
    told = descriptions()
    for section, holder in sections().items():
        assert told[holder.__name__], section
    for key in keys().values():
        text = told[f"{sections()[key.section].__name__}.{key.name}"]
        assert text.endswith("."), key.path


def test_every_kind_writes_what_it_reads(tmp_path: Path) -> None:
    environ = {
        "HELIO_AGENT_TAGS": 'room=a "b" \\c\x7f,größe=2',
        "HELIO_AGENT_INPUTS": "cpu,mem",
        "HELIO_AGENT_ENABLED": "false",
        "HELIO_STREAM_SYNC": "1500ms",
        "HELIO_STREAM_KEEP": "250ms",
        "HELIO_LIMITS_BODY_BYTES": "1500",
        "HELIO_LIMITS_QUERY_SECONDS": "90s",
    }
    settings = load(tmp_path, environ=environ, overrides={}).settings
    text = "".join(
        f"{path} = {key.kind.encode(getattr(getattr(settings, key.section), key.name))}\n"
        for path, key in keys().items()
    )
    (tmp_path / "heliograph.toml").write_text(text, encoding="utf-8")
    assert load(tmp_path, environ={}, overrides={}).settings == settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HELIO_HOME", str(tmp_path))
    return tmp_path


def test_check_says_that_it_is_right(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "heliograph.toml").write_text("[http]\nport = 1\n")
    assert main(["config", "check"]) == 0
    assert f"{len(keys())} settings, 1 changed" in capsys.readouterr().out


def test_check_says_where_a_file_is_wrong(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = home / "mine.toml"
    file.write_text("[http]\nprot = 1\n")
    assert main(["config", "check", str(file)]) == 2
    assert f'{file}:2: unknown key "prot"' in capsys.readouterr().err


def test_show_prints_toml_that_gives_the_same_settings(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["config", "show", "--set", "http.port=5", "--set", "agent.tags=a=b"]) == 0
    (home / "heliograph.toml").write_text(capsys.readouterr().out)
    settings = load(home, environ={}, overrides={}).settings
    assert (settings.http.port, dict(settings.agent.tags)) == (5, {"a": "b"})


def test_show_tells_origins(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = home / "mine.toml"
    file.write_text("[broker]\nmqtt_port = 5\n")
    monkeypatch.setenv("HELIO_HTTP_PORT", "7")
    assert main(["config", "show", "--origin", "--config", str(file)]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^port = 7 +# HELIO_HTTP_PORT$", out, re.MULTILINE)
    assert re.search(rf"^mqtt_port = 5 +# {re.escape(str(file))}:2$", out, re.MULTILINE)
    assert re.search(r"^threads = 2 +# default$", out, re.MULTILINE)
    assert tomllib.loads(out)["http"]["port"] == 7


def test_sample_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "sample"]) == 0
    assert capsys.readouterr().out == sample()
