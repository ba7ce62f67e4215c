"""What the hub says about sending less: checked as a whole, kept, and answered."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from heliograph.errors import ConfigError
from heliograph.hub.uplink.thin_rules import ThinRule, as_asked, make_rules

FILE: Final = "edge.hub.json"
_MOST_TOLD: Final = 200
"""Rules; a gateway's own file may have any number."""
_NONSENSE: Final = (ValueError, TypeError, KeyError, OverflowError, RecursionError)


def rules_topic(gateway: str) -> str:
    """Return the topic on which a hub leaves, retained, what its gateway shall send less of."""
    return f"cmd/{gateway}/edge/config"


class HubRules:
    """The rules that hold: the hub's where it has set some, else the gateway's own.

    Args:
        path: where the hub's are kept.
        own: those of the gateway's file.

    Raises:
        ConfigError: the file is none of ours.
    """

    def __init__(self, path: Path, own: Sequence[ThinRule]) -> None:
        self._path, self._own = path, list(own)
        self._made_ms = self._refused_ms = 0
        self._thin: list[dict[str, Any]] | None = None
        self._error: str | None = None
        self.rules = self._own
        """Those that hold now."""
        self._read()

    def _read(self) -> None:
        try:
            kept = json.loads(self._path.read_text())
            self._made_ms, self._thin = int(kept["made_ms"]), kept["thin"]
            if self._thin is not None:
                self.rules = make_rules(self._thin)
        except FileNotFoundError:
            return
        except (ConfigError, *_NONSENSE, OSError) as error:
            raise ConfigError(
                f"what the hub said about sending less cannot be read ({error}); remove the file, and the hub"
                " says it again",
                path=self._path,
            ) from error

    def take(self, payload: bytes) -> bool:
        """Take what the hub says: ``{"made_ms": …, "thin": […]}``, or null to have the gateway's own again.

        Returns whether other rules hold now; what makes no sense changes nothing and is told by `report`.
        """
        if not payload:
            return False
        made_ms = 0
        try:
            told = json.loads(payload)
            made_ms, thin = int(told["made_ms"]), told["thin"]
            if made_ms <= self._made_ms:
                return False
            rules = self._own if thin is None else make_rules(thin)
            self._write(made_ms, thin)
        except (ConfigError, *_NONSENSE, OSError) as error:
            missing = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            self._refused_ms, self._error = made_ms, missing
            return False
        self._made_ms, self._thin, self._error, self.rules = made_ms, thin, None, rules
        return True

    def _write(self, made_ms: int, thin: object) -> None:
        temporary = self._path.with_suffix(".tmp")
        with temporary.open("w") as file:
            json.dump({"made_ms": made_ms, "thin": thin}, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)

    def report(self) -> dict[str, Any]:
        """Return which rules hold, and what was wrong with those that the hub sent last."""
        return {
            "answers_ms": max(self._made_ms, self._refused_ms),
            "from": "file" if self._thin is None else "hub",
            "count": len(self.rules),
            "thin": self._thin,
            "holds": [as_asked(rule) for rule in self.rules[:_MOST_TOLD]],
            "error": self._error,
        }
