"""What the security tests have in common: the table at the end."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.security.report import Report


@pytest.fixture(scope="session")
def report() -> Iterator[Report]:
    """Lines for the table; HELIO_TEST_SECURITY names a file for it. ``-s`` shows it at the end."""
    lines = Report()
    yield lines
    sys.stdout.write(f"{lines}\n")
    if file := os.environ.get("HELIO_TEST_SECURITY"):
        Path(file).write_text(f"{lines}\n")


@pytest.fixture(scope="session")
def is_full() -> bool:
    """Whether to try everything at full size (make test-security); otherwise a short version."""
    return os.environ.get("SECURITY") == "full"
