"""A gateway whose cable to the hub fails in every way (``edge_links.py``); ``make test-edge`` runs it all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace needs root"),
    pytest.mark.skipif(shutil.which("ip") is None, reason="iproute2 is not installed (make test does it)"),
    pytest.mark.timeout(600),
]
CABLE = "edge0"


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


@pytest.fixture
def namespaces() -> Iterator[tuple[str, str]]:
    hub, edge = f"eh{os.getpid()}", f"ee{os.getpid()}"
    made = []
    try:
        for name in (hub, edge):
            ip("netns", "add", name)
            made.append(name)
            ip("-n", name, "link", "set", "lo", "up")
        ip("-n", hub, "link", "add", CABLE, "type", "veth", "peer", "name", CABLE, "netns", edge)
        for name, address in ((hub, "10.77.9.1"), (edge, "10.77.9.2")):
            ip("-n", name, "address", "add", f"{address}/24", "dev", CABLE)
            ip("-n", name, "link", "set", CABLE, "up")
        yield hub, edge
    finally:
        for name in made:
            ip("netns", "del", name)


def test_nothing_is_lost_on_a_bad_link(
    namespaces: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub, edge = namespaces
    ran = subprocess.run(
        ["ip", "netns", "exec", edge, sys.executable, "-m", "tests.net.edge_links", str(tmp_path)],
        env=os.environ | {"EDGE_HUB_NAMESPACE": hub},
        capture_output=True,
        text=True,
        check=False,
    )
    with capsys.disabled():
        print(f"\n{ran.stdout}", end="")  # noqa: T201 - the figures are what this test is for
    assert ran.returncode == 0, ran.stderr[-4000:]
