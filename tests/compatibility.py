"""Marks of the tests that hold a row of docs/compatibility.md, which docs/make_compatibility.py writes."""

from __future__ import annotations

import pytest


def covers(area: str, *features: str) -> pytest.MarkDecorator:
    """Say that a test shows some features of an area to work."""
    return pytest.mark.covers(area, *features)


def refuses(area: str, feature: str, *, why: str, instead: str) -> pytest.MarkDecorator:
    """Say that a test shows a feature to be refused clearly; why there is none, and what to do instead."""
    return pytest.mark.refuses(area, feature, why=why, instead=instead)
