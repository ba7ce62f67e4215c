"""One TOML file of settings: its values with the lines they stand on, and what is wrong with it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from heliograph.config.keys import Key, keys, nearest, sections
from heliograph.errors import ConfigError

_TABLE = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]")
RULES = "ingest"
"""The tables that are no settings but rules, any number of them."""
_RULES = re.compile(rf"\s*\[\[?\s*{RULES}\b")
_ENTRY = re.compile(r"\s*([A-Za-z0-9_.\"' -]+?)\s*=")
_SYNTAX_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


def read_settings(path: Path) -> dict[str, tuple[object, int | None]]:
    """Return the decoded value and the line of each setting that the file has, by ``section.key``.

    Raises:
        ConfigError: the file cannot be read or is not TOML, a key is unknown, or a value is not what
            the setting accepts; with the line.
    """
    text = _text(path)
    lines = _lines(text)
    found: dict[str, tuple[object, int | None]] = {}
    for section, table in _toml(path, text).items():
        if section == RULES:
            continue
        if section not in sections():
            hint = nearest(section, sections())
            raise ConfigError(
                f'unknown section "{section}"; {hint}', path=path, line=lines.get(section), key=section
            )
        if not isinstance(table, dict):
            raise ConfigError(
                f'"{section}" is a section: write [{section}] and its keys below it',
                path=path,
                line=lines.get(section),
                key=section,
            )
        for name, value in table.items():
            line = lines.get(f"{section}.{name}")
            found[f"{section}.{name}"] = (_decoded(path, line, section, name, value), line)
    return found


def read_rules(path: Path) -> list[tuple[dict[str, Any], int | None]]:
    """Return each ``[[ingest]]`` of the file, with the line on which the first one stands.

    Raises:
        ConfigError: the file cannot be read or is not TOML, or there is something else of that name.
    """
    text = _text(path)
    found = _toml(path, text).get(RULES, [])
    line = next((n for n, line in enumerate(text.splitlines(), 1) if _RULES.match(line)), None)
    if not isinstance(found, list) or not all(isinstance(rule, dict) for rule in found):
        raise ConfigError(f"[[{RULES}]] with two brackets was expected", path=path, line=line, key=RULES)
    return [(rule, line) for rule in found]


def known_key(section: str, name: str) -> Key:
    """Return the setting of that name.

    Raises:
        ConfigError: there is none; the message has the nearest one.
    """
    key = keys().get(f"{section}.{name}")
    if key is None:
        hint = nearest(name, (known.name for known in keys().values() if known.section == section))
        raise ConfigError(f'unknown key "{name}" in section "{section}"; {hint}', key=f"{section}.{name}")
    return key


def _decoded(path: Path, line: int | None, section: str, name: str, value: object) -> object:
    try:
        key = known_key(section, name)
    except ConfigError as error:
        raise ConfigError(str(error), path=path, line=line, key=f"{section}.{name}") from error
    try:
        return key.kind.decode(value)
    except ConfigError as error:
        raise ConfigError(f"{key.path}: {error}", path=path, line=line, key=key.path) from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", path=path) from error
    except UnicodeDecodeError as error:
        raise ConfigError("is not UTF-8 text; save it as UTF-8", path=path) from error


def _toml(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _SYNTAX_PLACE.search(str(error))
        line = int(place[1]) if place and place[1] else text.count("\n") + 1
        reason = _SYNTAX_PLACE.sub("", str(error))
        raise ConfigError(f"is not TOML: {reason}", path=path, line=line) from error


def _lines(text: str) -> dict[str, int]:
    """Return the line on which each table and key first stands, by its dotted path.

    tomllib keeps no positions. This looks at the lines alone, so a text over several lines may add
    paths that do not exist; nobody asks for those.
    """
    found: dict[str, int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        header = _TABLE.match(line)
        entry = None if header else _ENTRY.match(line)
        if header:
            table = path = _path(header[1])
        elif entry:
            path = (*table, *_path(entry[1]))
        else:
            continue
        for length in range(1, len(path) + 1):
            found.setdefault(".".join(path[:length]), number)
    return found


def _path(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))
