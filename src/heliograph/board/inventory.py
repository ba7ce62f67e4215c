"""The boards that this laptop knows: ``boards.toml``, which holds no secrets.

::

    <user's settings>/heliograph/boards/
    ├── boards.toml     names, addresses, groups, roles, MAC addresses
    ├── known_hosts     pinned host keys, one line for each board
    └── keys/lab1       a private key for each board (0600), and lab1.pub
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from heliograph.errors import ConfigError

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
"""What a board may be called: it becomes a file's name and a word on command lines."""
ALL: Final = "all"
_HEADER: Final = "# Boards by name, for helio board; it writes this file anew, so comments are lost.\n"


@dataclass(frozen=True, slots=True)
class Board:
    """One board: where it is, who we are on it, and what it is for."""

    name: str
    """What it is called here; letters, digits, dot, dash, underscore."""
    host: str
    """Its address or name; the name ``lab1.local`` is asked for by multicast DNS."""
    port: int = 22
    """TCP port of its SSH server."""
    user: str = "pi"
    """Whom we log in as."""
    mac: str = ""
    """Its network card, in lower case with colons: by it the board is found when its address changed."""
    groups: tuple[str, ...] = ()
    """Groups that it belongs to; ``@edge`` on a command line means all of the group ``edge``."""
    role: str = ""
    """What ``helio board setup`` made of it last."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Variables for its programs; those of its groups come with them."""

    def __str__(self) -> str:
        return self.name


@dataclass(slots=True)
class Inventory:
    """The file, read and written as a whole; the folder around it has keys and pins."""

    folder: Path
    boards: dict[str, Board] = field(default_factory=dict)
    user: str = "pi"
    """Whom to log in as where a board says nothing else."""
    group_env: dict[str, dict[str, str]] = field(default_factory=dict)
    """Variables of a group's programs."""

    @property
    def path(self) -> Path:
        """Return where ``boards.toml`` is."""
        return self.folder / "boards.toml"

    @property
    def pins_path(self) -> Path:
        """Return where host keys are pinned."""
        return self.folder / "known_hosts"

    def key_path(self, board: Board) -> Path:
        """Return where the private key for a board is."""
        return self.folder / "keys" / board.name

    def get(self, name: str) -> Board:
        """Return a board.

        Raises:
            ConfigError: there is none of this name.
        """
        if name not in self.boards:
            near = get_close_matches(name, self.boards, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"helio board add ADDRESS --name {name} adds it"
            raise ConfigError(f"there is no board {name!r}; {hint}", path=self.path)
        return self.boards[name]

    def targets(self, words: Iterable[str]) -> list[Board]:
        """Return the boards that names, ``@groups`` and ``all`` mean, each once and in the file's order.

        Raises:
            ConfigError: a name or a group that does not exist, or no board at all.
        """
        wanted: set[str] = set()
        for word in words:
            if word == ALL:
                wanted |= self.boards.keys()
            elif word.startswith("@"):
                wanted |= self._group(word[1:])
            else:
                wanted.add(self.get(word).name)
        if not wanted:
            raise ConfigError("there are no boards yet; helio board find looks for some", path=self.path)
        return [board for name, board in self.boards.items() if name in wanted]

    def variables(self, board: Board) -> dict[str, str]:
        """Return the variables for a board's programs: of its groups in their order, then its own."""
        merged: dict[str, str] = {}
        for group in board.groups:
            merged |= self.group_env.get(group, {})
        return merged | dict(board.env)

    def put(self, board: Board) -> None:
        """Add a board, or replace the one of its name."""
        check_name(board.name)
        self.boards[board.name] = board

    def change(self, name: str, **values: Any) -> Board:
        """Replace some values of a board, and return it."""
        self.boards[name] = replace(self.get(name), **values)
        return self.boards[name]

    def update(self, change: Callable[[Inventory], None]) -> None:
        """Make a change to what the file holds now, which another command may have changed meanwhile.

        Raises:
            ConfigError: the file cannot be read or written.
        """
        latest = Inventory.read(self.folder)
        change(latest)
        latest.write()
        self.boards = latest.boards

    def _group(self, name: str) -> set[str]:
        found = {board.name for board in self.boards.values() if name in board.groups}
        if not found:
            known = sorted({group for board in self.boards.values() for group in board.groups})
            there = f"there are {', '.join(known)}" if known else "no board has a group yet"
            raise ConfigError(f"no board is in the group {name!r}; {there}", path=self.path)
        return found

    @classmethod
    def read(cls, folder: Path) -> Inventory:
        """Read the file; one that is not there is empty.

        Raises:
            ConfigError: it is not what it should be.
        """
        path = folder / "boards.toml"
        try:
            tree = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls(folder)
        except OSError as error:
            raise ConfigError(f"cannot be read: {error.strerror}", path=path) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"is not TOML: {error}; mend it or delete it", path=path) from error
        return _inventory(folder, path, tree)

    def write(self) -> None:
        """Put the file in place of the old one, readable by its owner only.

        Raises:
            ConfigError: it cannot be written.
        """
        write_private(self.path, self._text())

    def _text(self) -> str:
        parts = [_HEADER, f"\n[defaults]\nuser = {_toml(self.user)}\n"]
        for board in self.boards.values():
            told = _told(board, self.user)
            lines = [f"{key} = {_toml(value)}" for key, value in told.items()]
            parts.append("\n".join([f"\n[boards.{_key(board.name)}]", *lines, ""]))
        for group, env in self.group_env.items():
            parts.append(f"\n[groups.{_key(group)}]\nenv = {_toml(env)}\n")
        return "".join(parts)


def boards_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder of ``boards.toml``: ``HELIO_BOARDS``, or one in the user's folder of settings."""
    if given := environ.get("HELIO_BOARDS"):
        return Path(given).expanduser()
    import platformdirs

    return platformdirs.user_config_path("heliograph", appauthor=False) / "boards"


def check_name(name: str) -> str:
    """Return a name that a board may have.

    Raises:
        ConfigError: it may not.
    """
    if not NAME.fullmatch(name) or name == ALL:
        raise ConfigError(
            f"a board's name is letters, digits, dots, dashes and underscores, and not {ALL!r}; got {name!r}"
        )
    return name


def write_private(path: Path, text: str) -> None:
    """Put a file in place of an old one, readable by its owner only from its first byte on.

    Raises:
        ConfigError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = path.with_name(f"{path.name}.{os.getpid()}.new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", path=path) from error


_KINDS: Final[dict[str, type]] = {
    "host": str,
    "port": int,
    "user": str,
    "mac": str,
    "groups": list,
    "role": str,
    "env": dict,
}


def _inventory(folder: Path, path: Path, tree: dict[str, Any]) -> Inventory:
    _known(path, "the file", tree, ("defaults", "boards", "groups"))
    defaults = _table(path, "defaults", tree.get("defaults", {}))
    _known(path, "defaults", defaults, ("user",))
    inventory = Inventory(folder, user=str(defaults.get("user", "pi")))
    for name, table in _table(path, "boards", tree.get("boards", {})).items():
        inventory.boards[check_name(name)] = _board(path, name, table, inventory.user)
    for name, table in _table(path, "groups", tree.get("groups", {})).items():
        _known(path, f"groups.{name}", _table(path, f"groups.{name}", table), ("env",))
        env = _table(path, f"groups.{name}.env", table.get("env", {}))
        inventory.group_env[name] = {key: str(value) for key, value in env.items()}
    return inventory


def _board(path: Path, name: str, table: Any, user: str) -> Board:
    where = f"boards.{name}"
    _known(path, where, _table(path, where, table), _KINDS)
    for key, value in table.items():
        if type(value) is not _KINDS[key]:
            raise ConfigError(f"{where}.{key} is to be of type {_KINDS[key].__name__}", path=path)
    if not table.get("host"):
        raise ConfigError(f'{where} needs host = "its address or name"', path=path)
    values = {"user": user} | table
    values["groups"] = tuple(str(group) for group in table.get("groups", ()))
    values["env"] = {key: str(value) for key, value in table.get("env", {}).items()}
    values["mac"] = str(values.get("mac", "")).lower().replace("-", ":")
    return Board(name, **values)


def _table(path: Path, where: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"{where} is to be a table", path=path)
    return value


def _known(path: Path, where: str, table: Mapping[str, Any], keys: Iterable[str]) -> None:
    for key in table:
        if key not in keys:
            raise ConfigError(f"{where} has {key!r}, known are {', '.join(keys)}", path=path)


def _told(board: Board, user: str) -> dict[str, Any]:
    """Return what differs from what holds without being said."""
    silent = {each.name: each.default for each in fields(Board)} | {"user": user, "groups": (), "env": {}}
    values = asdict(board)
    return {key: value for key, value in values.items() if key != "name" and value != silent[key]}


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _toml(name)


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f"{_key(key)} = {_toml(each)}" for key, each in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml(each) for each in value)}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
