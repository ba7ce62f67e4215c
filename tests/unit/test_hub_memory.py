"""How much of a machine's memory columns of points take."""

from __future__ import annotations

from pathlib import Path

import pytest

from heliograph.hub.memory import columns_bytes

MIB = 2**20
GIB = 2**30


def _machine(monkeypatch: pytest.MonkeyPatch, size_bytes: int) -> None:
    figures = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": size_bytes // 4096}
    monkeypatch.setattr("os.sysconf", figures.__getitem__)  # no test machine has all these sizes


@pytest.mark.parametrize(
    ("machine", "room"),
    [
        (GIB // 2, 32 * MIB),
        (GIB, 32 * MIB),
        (4 * GIB, 128 * MIB),
        (8 * GIB, 256 * MIB),
        (64 * GIB, 256 * MIB),
    ],
)
def test_columns_take_a_part_of_the_machine(
    machine: int, room: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _machine(monkeypatch, machine)

    assert columns_bytes(0, tmp_path / "no group") == room


@pytest.mark.parametrize(("text", "room"), [("max\n", 256 * MIB), (f"{2 * GIB}\n", 64 * MIB)])
def test_the_limit_of_a_container_counts(
    text: str, room: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _machine(monkeypatch, 16 * GIB)
    limit = tmp_path / "memory.max"
    limit.write_text(text, encoding="ascii")

    assert columns_bytes(0, limit) == room


def test_what_the_settings_say_is_taken() -> None:
    assert columns_bytes(3 * MIB) == 3 * MIB
