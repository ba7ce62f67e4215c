"""``helio board link`` beside a test."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.net.rig.laptop import Laptop


@contextmanager
def linked(laptop: Laptop, name: str) -> Iterator[None]:
    """Hold ``helio board link`` while the test goes on."""
    command = [sys.executable, "-m", "heliograph", "board", "link", name]
    with subprocess.Popen(command, env=laptop.environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "is this laptop's hub" in process.stdout.readline()
        try:
            yield
        finally:
            process.terminate()
