"""Rules: what values must be like, and what happens when they are not; without clock, disk and network."""

from heliograph.rules.declared import action, rule

__all__ = ["action", "rule"]
