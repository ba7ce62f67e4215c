"""docs/threat-model.md names real tests for every weakness and provision."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "threat-model.md").read_text()
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def rows() -> dict[str, str]:
    """The rows of both standards' tables, by their number."""
    lines = [line.strip("|").split("|") for line in PAGE.splitlines() if re.match(r"\| (I\d|5\.)", line)]
    return {cells[0].strip(): cells[-1] for cells in lines}


def test_every_weakness_and_provision_has_its_row_and_its_test() -> None:
    expected = [f"I{n}" for n in range(1, 11)] + [f"5.{n}" for n in range(1, 14)]
    assert list(rows()) == expected
    assert all(NAMED.search(tests) for tests in rows().values())


def test_the_tests_that_are_named_exist() -> None:
    named = NAMED.findall(PAGE)
    assert len(named) > 30
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (ROOT / path).is_file() or f"def {name}(" not in (ROOT / path).read_text()
    ]
    assert missing == []


def test_who_finds_a_weakness_learns_where_to_tell_it() -> None:
    told = " ".join((ROOT / "SECURITY.md").read_text().split())
    assert "report a weakness in private" in told
    assert "gets fixes" in told
