"""Settings from files, environment and command line, each with the place it came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any

from heliograph.config.file import known_key, read_rules, read_settings
from heliograph.config.keys import keys, nearest, sections
from heliograph.config.tree import Settings
from heliograph.errors import ConfigError

FILE_NAME = "heliograph.toml"
"""The file in the home folder that is read without being named."""

DEFAULT = "default"
"""The origin of a value that nobody set."""

# Variables of clients and tests. None of them begins like a section's, and the hub reads none of the
# broker's from them: HELIO_MQTT_PORT says where a client connects, HELIO_BROKER_MQTT_PORT where we listen.
_CLIENT_VARIABLES = frozenset(("HELIO_HOME", "HELIO_URL", "HELIO_TOKEN", "HELIO_CORPUS")) | frozenset(
    f"HELIO_MQTT_{what}" for what in ("HOST", "PORT", "USER", "PASSWORD")
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, and for every ``section.key`` where its value came from.

    An origin is ``default``, ``file:line``, the name of the variable, or ``command line``.
    """

    settings: Settings
    origins: Mapping[str, str]
    rules: tuple[tuple[Mapping[str, Any], str], ...] = ()
    """Each ``[[ingest]]`` of the files, as it stands there, and where that is."""


def load(
    home: Path,
    *,
    config_files: Sequence[Path] = (),
    environ: Mapping[str, str],
    overrides: Mapping[str, str],
) -> Loaded:
    """Return the settings; of two places that set the same key the later one wins.

    The places in order: defaults, ``heliograph.toml`` in the home folder if it exists, the
    configuration files in order, environment variables ``HELIO_<SECTION>_<KEY>``, the overrides by
    ``section.key``.

    Raises:
        ConfigError: an unknown key or a value that the setting does not accept, with file and line.
    """
    found: dict[str, tuple[Any, str]] = {path: (key.default, DEFAULT) for path, key in keys().items()}
    standard = home / FILE_NAME
    rules: list[tuple[Mapping[str, Any], str]] = []
    for file in ([standard] if standard.exists() else []) + list(config_files):
        rules += [(rule, f"{file}:{line}" if line else str(file)) for rule, line in read_rules(file)]
        for path, (value, line) in read_settings(file).items():
            found[path] = (value, f"{file}:{line}" if line else str(file))
    found.update(_from_environ(environ))
    found.update(_from_overrides(overrides))
    origins = {path: origin for path, (_, origin) in found.items()}
    settings = _settings({path: value for path, (value, _) in found.items()})
    return Loaded(settings, MappingProxyType(origins), tuple(rules))


def parse_overrides(arguments: Iterable[str]) -> dict[str, str]:
    """Return ``{"section.key": "value"}`` of texts like ``section.key=value``, as ``--set`` takes them.

    Raises:
        ConfigError: a text without ``=``.
    """
    overrides: dict[str, str] = {}
    for argument in arguments:
        path, equals, value = argument.partition("=")
        if not equals:
            raise ConfigError(f'section.key=value was expected, "{argument}" came', key=argument)
        overrides[path.strip()] = value.strip()
    return overrides


def _from_environ(environ: Mapping[str, str]) -> dict[str, tuple[Any, str]]:
    by_variable = {key.variable: key for key in keys().values()}
    found: dict[str, tuple[Any, str]] = {}
    for variable, text in environ.items():
        key = by_variable.get(variable)
        if key is None:
            _check_unknown(variable, by_variable)
            continue
        try:
            found[key.path] = (key.kind.decode_text(text), variable)
        except ConfigError as error:
            raise ConfigError(f"{variable}: {error}", key=key.path) from error
    return found


def _check_unknown(variable: str, known: Iterable[str]) -> None:
    if not variable.startswith("HELIO_") or variable in _CLIENT_VARIABLES:
        return
    section = next((name for name in sections() if variable.startswith(f"HELIO_{name.upper()}_")), None)
    if section is not None:
        name = variable.removeprefix(f"HELIO_{section.upper()}_").lower()
        try:
            known_key(section, name)
        except ConfigError as error:
            raise ConfigError(f"{variable}: {error}", key=error.key) from error
    # Others may have variables that begin with our name; one letter away from a setting is a slip.
    close = get_close_matches(variable, list(known), n=1, cutoff=0.92)
    if close and not variable.startswith("HELIO_TRACE_"):
        raise ConfigError(f'unknown variable {variable}; did you mean "{close[0]}"?', key=variable)


def _from_overrides(overrides: Mapping[str, str]) -> dict[str, tuple[Any, str]]:
    found: dict[str, tuple[Any, str]] = {}
    for path, text in overrides.items():
        section, _, name = path.partition(".")
        if section not in sections():
            raise ConfigError(
                f'unknown section "{section}" in "{path}"; {nearest(section, sections())}', key=path
            )
        key = known_key(section, name)
        try:
            found[path] = (key.kind.decode_text(text), "command line")
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}", key=path) from error
    return found


def _settings(values: Mapping[str, Any]) -> Settings:
    parts: dict[str, Any] = {}
    for section, holder in sections().items():
        parts[section] = holder(
            **{key.name: values[path] for path, key in keys().items() if key.section == section}
        )
    return Settings(**parts)
