"""Which rules and actions a hub has: those of its files, and those that were added."""

from __future__ import annotations

import hashlib
import json
import logging
import runpy
import threading
import time
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from heliograph.errors import ConfigError, NotFound
from heliograph.hub.rules.ending import NOTHING, Ending
from heliograph.rules.declared import ACTION_MARK, rule_of
from heliograph.rules.reading import check_action, make_rule
from heliograph.rules.rule import Rule
from heliograph.store.alerts import AlertTable

log = logging.getLogger(__name__)

ADDED: Final = "added"
LOG: Final = "log"
_MAX_FILE_BYTES: Final = 2**20


@dataclass(frozen=True, slots=True)
class Entry:
    """A rule with where it stands: ``added``, or the name of its file."""

    rule: Rule
    origin: str

    @property
    def digest(self) -> str:
        """What tells it from an earlier rule of its name: its alerts are not this one's."""
        text = json.dumps(self.rule.asked, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(slots=True)
class _Files:
    rules: dict[str, Entry] = field(default_factory=dict)
    actions: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    functions: dict[str, Callable[..., Any]] = field(default_factory=dict)


class RuleBook:
    """All rules by name. Files are read once, at the start: what they hold is code, or as good as that.

    Raises:
        ConfigError: a file is wrong; it tells which.
    """

    def __init__(self, table: AlertTable, folder: Path) -> None:
        self._table = table
        self._lock = threading.Lock()
        self._files = _read_folder(folder)
        self._added: dict[str, Entry] = {}
        for asked in table.rules():
            try:
                rule = make_rule(asked)
            except ConfigError as error:
                log.error(
                    "A rule that was added is none any more: %s", error, extra={"rule": asked.get("name")}
                )
                continue
            self._added[rule.name] = Entry(rule, ADDED)

    def entries(self) -> list[Entry]:
        """Return all rules by name; what stands in a file goes before what was added."""
        with self._lock:
            return [entry for _, entry in sorted((self._added | self._files.rules).items())]

    def find(self, name: str) -> Entry:
        """Return one rule.

        Raises:
            NotFound: there is none of that name.
        """
        for entry in self.entries():
            if entry.rule.name == name:
                return entry
        raise NotFound("rule", name)

    def action(self, name: str) -> Mapping[str, Any] | None:
        """Return what an action's name stands for."""
        return {"kind": LOG} if name == LOG else self._files.actions.get(name)

    def function(self, name: str) -> Callable[..., Any] | None:
        """Return a function that a Python file declares as an action."""
        return self._files.functions.get(name)

    @property
    def actions(self) -> list[str]:
        """The names that rules may give as actions."""
        return [LOG, *sorted(self._files.actions)]

    def check(self, rule: Rule) -> None:
        """Refuse a rule whose actions are not there.

        Raises:
            ConfigError: it names one.
        """
        for one in rule.actions:
            if isinstance(one, str) and self.action(one) is None:
                raise ConfigError(
                    f"there is no action {one!r}; known are {', '.join(self.actions)}; more are"
                    " made in a file of the folder rules (docs/rules.md)",
                    key="actions",
                )

    def put(self, asked: Mapping[str, Any]) -> Entry:
        """Add a rule, or put it in place of the one of its name; it is on disk when this returns.

        Raises:
            ConfigError: it is none, or stands in a file.
            NotPossible: there are too many.
        """
        rule = make_rule(asked)
        self.check(rule)
        if rule.name in self._files.rules:
            raise ConfigError(f"the rule {rule.name!r} stands in a file: change it there", key="name")
        self._table.put_rule(rule.name, dict(asked), time.time_ns() // 1_000_000)
        entry = Entry(rule, ADDED)
        with self._lock:
            self._added[rule.name] = entry
        return entry

    def remove(self, name: str, ending: Ending = NOTHING) -> Entry:
        """Remove a rule that was added; ``ending`` is what its alerts leave.

        Raises:
            NotFound: there is none of that name.
            ConfigError: it stands in a file.
        """
        entry = self.find(name)
        if entry.origin != ADDED:
            raise ConfigError(f"the rule {name!r} stands in {entry.origin}: take it out there", key="name")
        self._table.remove_rule(name, ending)
        with self._lock:
            del self._added[name]
        return entry


def _read_folder(folder: Path) -> _Files:
    found = _Files()
    if not folder.is_dir():
        return found
    for path in sorted(folder.iterdir()):
        try:
            if path.suffix == ".toml":
                _read_toml(path, found)
            elif path.suffix == ".py":
                _read_python(path, found)
        except ConfigError as error:
            raise ConfigError(str(error), path=path) from error
    return found


def _read_toml(path: Path, found: _Files) -> None:
    try:
        if path.stat().st_size > _MAX_FILE_BYTES:
            raise ConfigError(f"the file has more than {_MAX_FILE_BYTES // 2**10} KiB")
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot be read: {error}") from error
    for key in content:
        if key not in ("rule", "action"):
            raise ConfigError(f"[[rule]] and [action.NAME] were expected, {key!r} came", key=key)
    for name, asked in content.get("action", {}).items():
        found.actions[name] = check_action(asked)
    for asked in content.get("rule", []):
        _enter(found, make_rule(asked), path)


def _read_python(path: Path, found: _Files) -> None:
    """Run a file of the operator's own: whoever may write there may do what the hub may."""
    try:
        names = runpy.run_path(str(path))
    except ConfigError:
        raise
    except (OSError, SyntaxError, ImportError, ArithmeticError, LookupError, NameError, TypeError,
            ValueError, AttributeError) as error:  # fmt: skip
        raise ConfigError(f"ended with {type(error).__name__}: {error}") from error
    for name, each in names.items():
        rule = rule_of(each)
        if rule is not None:
            _enter(found, rule, path)
        elif getattr(each, ACTION_MARK, False):
            found.functions[name] = each
            found.actions.setdefault(name, {"kind": "python", "function": name})


def _enter(found: _Files, rule: Rule, path: Path) -> None:
    if rule.name in found.rules:
        raise ConfigError(f"there are two rules {rule.name!r}", key="name")
    found.rules[rule.name] = Entry(rule, path.name)
