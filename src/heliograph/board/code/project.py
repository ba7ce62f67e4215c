"""``board.toml``: what a project is called, what runs, and what stays on the laptop."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from heliograph.board.code.ignore import Ignores
from heliograph.config.values import parse_size
from heliograph.errors import ConfigError

FILE: Final = "board.toml"
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESTARTS: Final = ("always", "no", "on-failure")
_RELOADS: Final = ("restart", "signal", "no")
_CPU: Final = re.compile(r"[1-9][0-9]{0,3}%")


@dataclass(frozen=True, slots=True)
class Service:
    """How the program runs when nobody looks."""

    restart: str = "on-failure"
    restart_seconds: float = 2.0
    memory: str | None = None
    """The most memory it may have, as ``100MiB``; beyond it the kernel ends it."""
    cpu: str | None = None
    """The most time of one core, as ``50%``."""
    stop_seconds: float = 10.0
    """How long it may take to end after SIGTERM."""

    @property
    def memory_bytes(self) -> int | None:
        """The limit of memory, None for no limit."""
        return None if self.memory is None else parse_size(self.memory)


@dataclass(frozen=True, slots=True)
class Health:
    """When a version that was just rolled out counts as well."""

    up_seconds: float = 5.0
    """How long its service must stay up without being started anew."""
    http: str | None = None
    """An address that must answer, asked on the board; a status of 400 or more is none."""
    command: str | None = None
    """A command that must succeed, run on the board in the app's folder."""
    within_seconds: float = 30.0
    """How long both may take to come true."""


@dataclass(frozen=True, slots=True)
class Project:
    """A folder on the laptop whose program runs on boards."""

    root: Path
    name: str
    entry: str = "main.py"
    """A file of the project, or ``-m package``."""
    args: tuple[str, ...] = ()
    python: str = "python3"
    requirements: str | None = None
    folder: str | None = None
    """Where it stands on a board; None is ``~/.heliograph/apps/NAME/src``."""
    reload: str = "restart"
    ignore: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    service: Service = field(default_factory=Service)
    health: Health = field(default_factory=Health)

    @property
    def ignores(self) -> Ignores:
        """The rules that hold in the project's own folder."""
        return Ignores.of_project(self.ignore)

    @property
    def command(self) -> tuple[str, ...]:
        """What follows the interpreter: the entry point and its arguments."""
        entry = ("-m", self.entry[3:].strip()) if self.entry.startswith("-m ") else (self.entry,)
        return (*entry, *self.args)


def find_root(start: Path) -> Path:
    """Return the nearest folder from ``start`` upwards that has a ``board.toml``.

    Raises:
        ConfigError: there is none.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return folder
    raise ConfigError(f"no {FILE} here or above {start}; helio board init makes one")


def load(root: Path) -> Project:
    """Return the project of a folder.

    Raises:
        ConfigError: its ``board.toml`` cannot be read, or has what no ``board.toml`` has.
    """
    path = root / FILE
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", path=path) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"is not TOML: {error}", path=path) from error
    return _Reader(path, tables).project(root)


class _Reader:
    """Takes the keys out of a file one by one; what is left over nobody knows."""

    def __init__(self, path: Path, tables: dict[str, Any]) -> None:
        self._path = path
        self._tables = dict(tables)

    def project(self, root: Path) -> Project:
        service = self._take("service", dict, {})
        health = self._take("health", dict, {})
        env = self._take("env", dict, {})
        project = Project(
            root=root,
            name=self._name(),
            entry=self._take("entry", str, "main.py"),
            args=self._words("args"),
            python=self._take("python", str, "python3"),
            requirements=self._take("requirements", str, None),
            folder=self._folder(),
            reload=self._choice("reload", "restart", _RELOADS),
            ignore=self._words("ignore"),
            env=self._env(env),
            service=_Reader(self._path, service).service(),
            health=_Reader(self._path, health).health(),
        )
        self._nothing_left(
            "name entry args python requirements folder reload ignore env service health".split()  # noqa: SIM905 - short
        )
        return project

    def service(self) -> Service:
        service = Service(
            restart=self._choice("restart", "on-failure", _RESTARTS),
            restart_seconds=self._seconds("restart_seconds", 2.0),
            memory=self._size("memory"),
            cpu=self._cpu(),
            stop_seconds=self._seconds("stop_seconds", 10.0),
        )
        self._nothing_left(["restart", "restart_seconds", "memory", "cpu", "stop_seconds"])
        return service

    def health(self) -> Health:
        health = Health(
            up_seconds=self._seconds("up_seconds", 5.0),
            http=self._http(),
            command=self._take("command", str, None),
            within_seconds=self._seconds("within_seconds", 30.0),
        )
        self._nothing_left(["up_seconds", "http", "command", "within_seconds"])
        return health

    def _http(self) -> str | None:
        address: str | None = self._take("http", str, None)
        if address is not None and not address.startswith(("http://", "https://")):
            raise self._error("http", f"is an address as http://127.0.0.1:8000/health, {address!r} came")
        return address

    def _take(self, key: str, kind: type, default: Any) -> Any:
        value = self._tables.pop(key, default)
        if value is not default and not isinstance(value, kind):
            expected = {"str": "text", "dict": "a table", "list": "a list"}[kind.__name__]
            raise self._error(key, f"expects {expected}, {value!r} came")
        return value

    def _error(self, key: str, message: str) -> ConfigError:
        return ConfigError(f"{key} {message}", path=self._path, key=key)

    def _name(self) -> str:
        name: str = self._take("name", str, self._path.parent.name)
        if not NAME.fullmatch(name):
            raise self._error("name", f"is up to 40 of A-Z a-z 0-9 _ - and no _ or - first, {name!r} came")
        return name

    def _folder(self) -> str | None:
        folder: str | None = self._take("folder", str, None)
        if folder is not None and (not folder.startswith(("/", "~/")) or ".." in folder.split("/")):
            raise self._error("folder", f"is a path from / or ~/ on the board, {folder!r} came")
        return folder

    def _words(self, key: str) -> tuple[str, ...]:
        words = self._take(key, list, [])
        if not all(isinstance(word, str) for word in words):
            raise self._error(key, f"is a list of texts, {words!r} came")
        return tuple(words)

    def _choice(self, key: str, default: str, choices: tuple[str, ...]) -> str:
        value: str = self._take(key, str, default)
        if value not in choices:
            raise self._error(key, f"is one of {', '.join(choices)}, {value!r} came")
        return value

    def _seconds(self, key: str, default: float) -> float:
        value = self._tables.pop(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 3600:
            raise self._error(key, f"is a number of seconds from 0 to 3600, {value!r} came")
        return float(value)

    def _size(self, key: str) -> str | None:
        value: str | None = self._take(key, str, None)
        if value is not None:
            try:
                parse_size(value)
            except ConfigError as error:
                raise self._error(key, f"is wrong: {error}") from error
        return value

    def _cpu(self) -> str | None:
        value: str | None = self._take("cpu", str, None)
        if value is not None and not _CPU.fullmatch(value):
            raise self._error("cpu", f"is a share of one core as 50%, {value!r} came")
        return value

    def _env(self, table: dict[str, Any]) -> dict[str, str]:
        for name, value in table.items():
            if not _VARIABLE.fullmatch(name) or not isinstance(value, str) or "\0" in value or "\n" in value:
                raise self._error("env", f'has lines as NAME = "text" on one line, {name} = {value!r} came')
        return dict(table)

    def _nothing_left(self, known: list[str]) -> None:
        for key in self._tables:
            near = difflib.get_close_matches(key, known, 1)
            meant = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(known)}"
            raise self._error(key, f"is unknown{meant}")
