"""The page on a real hub."""

from tests.real.conftest import hub

__all__ = ["hub"]
