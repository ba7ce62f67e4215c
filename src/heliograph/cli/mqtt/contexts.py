"""Brokers by name: ``contexts.toml`` in the user's folder of settings, readable by its owner only."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from heliograph.errors import ConfigError

_NEWLINE = "\n"


@dataclass(frozen=True, slots=True)
class Context:
    """A broker and a login, as far as they are said."""

    host: str | None = None
    port: int | None = None
    user: str | None = None
    password: str | None = None
    password_file: str | None = None
    client_id: str | None = None
    version: str | None = None
    tls: bool | None = None
    cafile: str | None = None
    capath: str | None = None
    cert: str | None = None
    key: str | None = None
    insecure: bool | None = None
    ciphers: str | None = None
    tls_version: str | None = None
    alpn: str | None = None
    ws: str | None = None

    def told(self) -> dict[str, Any]:
        """Return what is said."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def contexts_path(environ: Mapping[str, str]) -> Path:
    """Return where the file is: ``HELIO_CONTEXTS``, or the user's folder of settings."""
    if given := environ.get("HELIO_CONTEXTS"):
        return Path(given)
    import platformdirs

    return platformdirs.user_config_path("heliograph", appauthor=False) / "contexts.toml"


class Contexts:
    """The file, read and written as a whole."""

    def __init__(self, path: Path, named: dict[str, Context], used: str | None) -> None:
        self.path = path
        self.named = named
        self.used = used

    @classmethod
    def read(cls, path: Path) -> Contexts:
        """Read the file; one that is not there is empty.

        Raises:
            ConfigError: it is not what it should be.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return cls(path, {}, None)
        except OSError as error:
            raise ConfigError(f"cannot be read: {error.strerror}", path=path) from error
        try:
            tree = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"is not TOML: {error}; mend it or delete it", path=path) from error
        named = {name: _context(path, name, table) for name, table in tree.get("contexts", {}).items()}
        used = tree.get("use")
        return cls(path, named, used if isinstance(used, str) and used in named else None)

    def get(self, name: str) -> Context:
        """Return a context.

        Raises:
            ConfigError: there is none of this name.
        """
        if name not in self.named:
            near = get_close_matches(name, self.named, 1)
            hint = f", did you mean {near[0]!r}?" if near else f"; helio context add {name} makes it"
            raise ConfigError(f"there is no context {name!r}{hint}", path=self.path)
        return self.named[name]

    def in_use(self) -> Context:
        """Return the context that holds where nothing else is said; an empty one if there is none."""
        return self.named[self.used] if self.used else Context()

    def write(self) -> None:
        """Put the file in place of the old one, with 0600 from its first byte on."""
        text = _text(self.named, self.used)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            new = self.path.with_suffix(f".{os.getpid()}.new")
            descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self.path)
        except OSError as error:
            raise ConfigError(f"cannot be written: {error.strerror}", path=self.path) from error


def _context(path: Path, name: str, table: Any) -> Context:
    kinds = {
        each.name: bool if "bool" in str(each.type) else int if "int" in str(each.type) else str
        for each in fields(Context)
    }
    if not isinstance(table, dict):
        raise ConfigError(f"contexts.{name} is to be a table", path=path)
    for key, value in table.items():
        if key not in kinds:
            raise ConfigError(f"contexts.{name} has {key!r}, known are {', '.join(kinds)}", path=path)
        if type(value) is not kinds[key]:
            raise ConfigError(f"contexts.{name}.{key} is to be of type {kinds[key].__name__}", path=path)
    return Context(**table)


def _text(named: dict[str, Context], used: str | None) -> str:
    parts = ["# Brokers by name, for helio pub, helio sub and the others; helio context writes this.\n"]
    if used:
        parts.append(f"use = {_toml(used)}\n")
    for name, context in named.items():
        lines = [f"{key} = {_toml(value)}" for key, value in context.told().items()]
        parts.append(_NEWLINE.join([f"\n[contexts.{_toml(name)}]", *lines, ""]))
    return "".join(parts)


def _toml(value: str | int | bool) -> str:  # noqa: FBT001  any value
    if isinstance(value, bool | int):
        return str(value).lower()
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
