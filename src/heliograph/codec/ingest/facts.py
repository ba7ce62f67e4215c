"""What messages teach about later ones: Sparkplug's births, Home Assistant's discovery, Homie's types."""

from __future__ import annotations

from typing import Any, Protocol


class Facts(Protocol):
    """Facts by kind and key. Each holds from the time of the message that taught it."""

    def get(self, kind: str, key: str, time_ns: int) -> Any:
        """Return what was known at a time; None if nothing was."""
        ...

    def put(self, kind: str, key: str, value: Any, time_ns: int) -> None:
        """Note what a message of that time teaches; None says that it holds no longer."""
        ...


class MemoryFacts:
    """Facts that last as long as the object: for trying a rule."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], list[tuple[int, Any]]] = {}

    def get(self, kind: str, key: str, time_ns: int) -> Any:
        """Return the latest fact of that time or before."""
        history = self._known.get((kind, key), [])
        return next((value for since_ns, value in reversed(history) if since_ns <= time_ns), None)

    def put(self, kind: str, key: str, value: Any, time_ns: int) -> None:
        """Note a fact; of one time the last word counts."""
        history = [entry for entry in self._known.get((kind, key), []) if entry[0] != time_ns]
        self._known[kind, key] = sorted([*history, (time_ns, value)], key=lambda entry: entry[0])
