"""Finding inputs by name: our own, somebody else's, none."""

from __future__ import annotations

from pathlib import Path

import pytest

from heliograph.errors import ConfigError
from heliograph.inputs.registry import BUILT_IN, make_inputs
from heliograph.inputs.roots import Roots, read_text
from heliograph.model.point import Point
from tests.unit.pi_tree import pi_tree


def test_every_built_in_input_gathers_on_the_recorded_board(tmp_path: Path) -> None:
    roots = pi_tree(tmp_path)
    (tmp_path / "proc/mounts").write_text("/dev/root / ext4 rw 0 0\n")
    inputs = make_inputs(BUILT_IN, roots)
    assert list(inputs) == list(BUILT_IN)
    for measuring in inputs.values():
        measuring.gather()  # first samples
    measured = {point.measurement for measuring in inputs.values() for point in measuring.gather()}
    # cpu's ticks stand still in a recording, and this machine has no firmware tool.
    assert measured | {"cpu", "gpu_temperature"} == set(BUILT_IN)


def test_making_an_input_reads_nothing(tmp_path: Path) -> None:
    nowhere = Roots(proc=f"{tmp_path}/none", sys=f"{tmp_path}/none", etc=f"{tmp_path}/none")
    assert len(make_inputs(BUILT_IN, nowhere)) == len(BUILT_IN)


def test_an_unknown_name_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"no input 'cpus'; there are cpu, mem,.*gpu_temperature"):
        make_inputs(["cpu", "cpus"])


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, *, target: str) -> None:
    """Put a package on the path as pip would, with an input behind an entry point."""
    (folder / "beehive.py").write_text(
        "from heliograph.model.point import Point\n"
        "class Scale:\n"
        "    def __init__(self, *, roots):\n"
        "        self.roots = roots\n"
        "    def gather(self):\n"
        "        return [Point('hive', {'grams': 31250.0}, {})]\n"
    )
    info = folder / "beehive-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: beehive\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[heliograph.inputs]\nhive_scale = {target}\n")
    monkeypatch.syspath_prepend(str(folder))


def test_an_input_of_another_package_is_found_by_its_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, target="beehive:Scale")
    (scale,) = make_inputs(["hive_scale"]).values()
    assert scale.gather() == [Point("hive", {"grams": 31250.0}, {})]


def test_a_broken_package_is_named_in_the_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, target="beehive:Missing")
    with pytest.raises(ConfigError, match="'hive_scale' of beehive cannot be imported"):
        make_inputs(["hive_scale"])


def test_a_kernel_file_longer_than_one_read_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "long"
    path.write_text("line\n" * 50_000)
    assert read_text(str(path)).count("\n") == 50_000
