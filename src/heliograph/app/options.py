"""Options of an app: declared once, set by argument, variable, TOML file, or the hub.

Later wins: default, file, variable ``<APP>_<OPTION>``, argument, and then what the hub has set meanwhile.
"""

from __future__ import annotations

import argparse
import enum
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, TypeAlias, TypedDict

from heliograph.config.values import parse_duration, parse_size
from heliograph.errors import ConfigError

Kind: TypeAlias = Callable[[str], Any]
"""Makes a value out of text, or raises ValueError; as argparse's ``type``."""

_FLAG: Final = re.compile(r"--[a-z][a-z0-9]*(-[a-z0-9]+)*")
_TRUE: Final = frozenset({"true", "on", "yes", "1"})
_FALSE: Final = frozenset({"false", "off", "no", "0"})
_LONGEST_CHOICES: Final = 40


def duration(text: str) -> float:
    """Return the seconds of ``500ms``, ``10s``, ``1h30m``; a kind for options."""
    return parse_duration(text)


def size(text: str) -> int:
    """Return the bytes of ``64MiB``; a kind for options."""
    return parse_size(text)


class OptionWords(TypedDict, total=False):
    """What `App.option` may be told."""

    type: Kind
    """``int``, ``float``, ``bool``, ``str``, ``duration``, ``size``, or what makes a value of a text."""
    default: Any
    """A text is read as one on the command line."""
    help: str
    choices: Iterable[Any]
    min: float
    max: float
    secret: bool
    """Never shown, and not to be set from the hub."""
    remote: bool
    """Whether the hub may change it while the app runs; otherwise yes."""
    metavar: str


@dataclass(frozen=True, slots=True)
class Option:
    """One option of an app.

    Raises:
        ConfigError: the declaration makes no sense.
    """

    flag: str
    """As on the command line: ``--pin``."""
    kind: Kind = str
    default: Any = None
    help: str = ""
    choices: tuple[Any, ...] | None = None
    low: float | None = None
    """The least a number may be."""
    high: float | None = None
    secret: bool = False
    """Not shown anywhere, and not to be set from the hub."""
    remote: bool = True
    """Whether the hub may change it while the app runs."""
    metavar: str | None = None

    def __post_init__(self) -> None:
        if not _FLAG.fullmatch(self.flag):
            raise ConfigError(f"an option begins with -- and has a-z 0-9 -, {self.flag!r} came")
        if self.default is not None and not isinstance(self.default, str | bool):
            self.check(self.default)

    @property
    def name(self) -> str:
        """The attribute of ``app.options`` and the key in TOML: ``pin``."""
        return self.flag.removeprefix("--").replace("-", "_")

    @property
    def kind_name(self) -> str:
        """What kind of value it takes, in one word."""
        return getattr(self.kind, "__name__", type(self.kind).__name__).lower()

    def variable(self, app_name: str) -> str:
        """Return the variable that sets it: ``GREENHOUSE_PIN``."""
        return f"{re.sub(r'[^A-Za-z0-9]', '_', app_name)}_{self.name}".upper()

    def initial(self) -> Any:
        """Return the value where nobody set one; a text is read as on the command line."""
        if isinstance(self.default, str):
            return self.from_text(self.default)
        if self.kind is bool and self.default is None:
            return False
        return self.default

    def from_text(self, text: str) -> Any:
        """Return the value that a text means.

        Raises:
            ConfigError: none; the message says what was expected.
        """
        try:
            value = _bool(text) if self.kind is bool else self.kind(text)
        except (ValueError, ArithmeticError, argparse.ArgumentTypeError) as error:
            raise self._unexpected(text) from error
        return self.check(value)

    def from_value(self, value: Any) -> Any:
        """Return the value that stands in TOML or JSON.

        Raises:
            ConfigError: it is of another kind.
        """
        if isinstance(value, str):
            return self.from_text(value)
        if self.kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        is_bool = isinstance(value, bool)
        fits = is_bool if self.kind is bool else isinstance(value, int | float) and not is_bool
        if not fits or (self.kind is int and not isinstance(value, int)):
            raise self._unexpected(value)
        return self.check(value)

    def check(self, value: Any) -> Any:
        """Return the value if it is one of those allowed.

        Raises:
            ConfigError: it is not.
        """
        if self.choices is not None and value not in self.choices:
            raise self._unexpected(value)
        if self.low is not None and value < self.low:
            raise self._unexpected(value)
        if self.high is not None and value > self.high:
            raise self._unexpected(value)
        return value

    def describe(self, app_name: str) -> dict[str, Any]:
        """Return what a form needs to know, JSON-ready."""
        described = {
            "name": self.name,
            "flag": self.flag,
            "variable": self.variable(app_name),
            "kind": self.kind_name,
            "default": None if self.secret else jsonable(self.default),
            "help": self.help,
            "choices": [jsonable(choice) for choice in self.choices] if self.choices else None,
            "min": self.low,
            "max": self.high,
            "secret": self.secret,
            "remote": self.remote and not self.secret,
        }
        return {key: value for key, value in described.items() if value is not None}

    def _unexpected(self, value: Any) -> ConfigError:
        shown = "something else" if self.secret else f"{value!r}"
        return ConfigError(f"{self._expected()} was expected, {shown} came", key=self.name)

    def _expected(self) -> str:
        if self.choices is not None:
            return f"one of {', '.join(str(choice) for choice in self.choices)}"
        names = {
            int: "a whole number",
            float: "a number",
            bool: "true or false",
            duration: "a duration as 10s",
        }
        expected = names.get(self.kind, f"a value of kind {self.kind_name}")
        if self.low is not None and self.high is not None:
            return f"{expected} from {self.low:g} to {self.high:g}"
        if self.low is not None:
            return f"{expected} of at least {self.low:g}"
        return expected if self.high is None else f"{expected} of at most {self.high:g}"


class Options:
    """The values of an app's options as attributes: ``app.options.pin``. They change when the hub says so."""

    def __init__(self, values: Mapping[str, Any], secrets: Iterable[str] = ()) -> None:
        self._values = dict(values)
        self._secrets = frozenset(secrets)

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            known = ", ".join(self._values) or "none"
            raise AttributeError(f"this app has no option {name!r}, it has {known}") from None

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __repr__(self) -> str:
        return f"Options({self.shown()})"

    def shown(self) -> dict[str, Any]:
        """Return the values without secrets, JSON-ready."""
        return {name: jsonable(value) for name, value in self._values.items() if name not in self._secrets}

    def replace(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Set these values and return those that have changed."""
        changed = {name: value for name, value in values.items() if self._values[name] != value}
        self._values |= changed
        return changed


def make_option(flag: str, about: OptionWords) -> Option:
    """Return an option as it was declared.

    Raises:
        ConfigError: the declaration makes no sense.
    """
    choices = about.get("choices")
    return Option(
        flag,
        about.get("type", str),
        about.get("default"),
        about.get("help", ""),
        None if choices is None else tuple(choices),
        about.get("min"),
        about.get("max"),
        secret=about.get("secret", False),
        remote=about.get("remote", True),
        metavar=about.get("metavar"),
    )


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint what may be meant by an unknown name."""
    close = get_close_matches(name, list(known), n=1)
    return f'did you mean "{close[0]}"?' if close else f"known are {', '.join(known) or 'none'}"


def read_toml(path: Path, options: Mapping[str, Option]) -> dict[str, Any]:
    """Return the values that a file sets.

    Raises:
        ConfigError: it cannot be read, is not TOML, or sets what is unknown or of another kind.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", path=path) from error
    except ValueError as error:
        raise ConfigError(f"is not TOML: {error}", path=path) from error
    values = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        if name not in options:
            raise ConfigError(f'unknown option "{key}"; {nearest(name, options)}', path=path, key=name)
        try:
            values[name] = options[name].from_value(value)
        except ConfigError as error:
            raise ConfigError(f"{key}: {error}", path=path, key=name) from error
    return values


def read_environment(
    environ: Mapping[str, str], options: Mapping[str, Option], app_name: str
) -> dict[str, Any]:
    """Return the values that variables set.

    Raises:
        ConfigError: a variable has no value of the option's kind.
    """
    values = {}
    for name, option in options.items():
        variable = option.variable(app_name)
        if variable in environ:
            try:
                values[name] = option.from_text(environ[variable])
            except ConfigError as error:
                raise ConfigError(f"{variable}: {error}", key=name) from error
    return values


def add_arguments(group: argparse._ArgumentGroup, options: Iterable[Option], app_name: str) -> None:
    """Declare options to argparse; what is not given stays out of the namespace."""
    for option in options:
        arguments: dict[str, Any] = {"dest": f"option_{option.name}", "default": argparse.SUPPRESS}
        if option.kind is bool:
            arguments["action"] = argparse.BooleanOptionalAction
        else:
            arguments["type"] = _argument(option)
            arguments["metavar"] = option.metavar or _choices(option) or option.kind_name.upper()
        group.add_argument(option.flag, help=_help(option, app_name), **arguments)


def jsonable(value: Any) -> Any:
    """Return a value as it stands in JSON."""
    if isinstance(value, enum.Enum):
        return value.value
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _argument(option: Option) -> Callable[[str], Any]:
    def take(text: str) -> Any:
        try:
            return option.from_text(text)
        except ConfigError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return take


def _choices(option: Option) -> str:
    """Return ``a|b|c`` as long as that is short enough to read."""
    text = "|".join(str(jsonable(choice)) for choice in option.choices or ())
    return text if len(text) <= _LONGEST_CHOICES else ""


def _default(option: Option) -> str:
    """Return the default as people say it."""
    if option.kind is bool:
        return "yes" if option.initial() else "no"
    return "none" if option.default is None else str(jsonable(option.default))


def _help(option: Option, app_name: str) -> str:
    default = "secret" if option.secret else f"default: {_default(option)}"
    text = f"{option.help} [{option.variable(app_name)}; {default}]".strip()
    return text.replace("%", "%%")


def _bool(text: str) -> bool:
    word = text.strip().lower()
    if word not in _TRUE | _FALSE:
        raise ValueError(text)
    return word in _TRUE
