"""The arguments of a call of one of our functions: taken by name, with their types looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from heliograph.errors import QueryError
from heliograph.query.flux.session import Session
from heliograph.query.flux.source import Source, read
from heliograph.query.flux.syntax.tokens import Place, syntax_error
from heliograph.query.flux.tables import VALUE, Tables
from heliograph.query.flux.values import Duration, Time, Value, later, type_name
from heliograph.query.flux.zones import Location, location_of

if TYPE_CHECKING:
    from collections.abc import Iterable

_REQUIRED: Final = object()
_SHOWN: Final = {
    "string": "a string in quotes",
    "bool": "true or false",
    "int": "a whole number, as in 10",
    "float": "a float, as in 1.0",
    "duration": "a duration, as in 5m",
    "array": 'a list, as in ["host"]',
}
"""Types, as those know them who do not know Flux."""


@dataclass(frozen=True, slots=True)
class Builtin:
    """A function of ours."""

    name: str
    call: Callable[[Session, Arguments], Value]

    def __call__(self, **_: Value) -> Value:
        """Refuse to be called for a row or a column, which only a function of the text can be.

        Raises:
            QueryError: always.
        """
        raise QueryError(f"{self.name} cannot be used here; write a function, as in (r) => …")


@dataclass(slots=True)
class Arguments:
    """What one call was given."""

    function: str
    place: Place
    values: dict[str, Value]
    piped: Value = None
    is_piped: bool = False
    taken: set[str] = field(default_factory=set)

    def refuse(self, reason: str) -> QueryError:
        """Return the error of a call that we do not answer."""
        return syntax_error(self.place, f"{self.function}: {reason}")

    def get(self, name: str, default: Value = _REQUIRED) -> Value:
        """Return an argument.

        Raises:
            QuerySyntaxError: it is missing and has no default.
        """
        self.taken.add(name)
        value = self.values.get(name, default)
        if value is _REQUIRED:
            raise self.refuse(f'missing required argument "{name}"')
        return value

    def _typed(self, name: str, default: Value, kinds: Iterable[str]) -> Value:
        value = self.get(name, default)
        if value is default or type_name(value) in kinds:
            return value
        wanted = " or ".join(_SHOWN.get(kind, kind) for kind in kinds)
        raise self.refuse(f'argument "{name}" must be {wanted}; {type_name(value)} came')

    def text(self, name: str, default: Value = _REQUIRED) -> Any:
        """Return a string."""
        return self._typed(name, default, ("string",))

    def flag(self, name: str, *, default: bool) -> bool:
        """Return true or false."""
        return bool(self._typed(name, default, ("bool",)))

    def whole(self, name: str, default: Value = _REQUIRED, *, least: int = 0) -> int:
        """Return a whole number."""
        value = int(self._typed(name, default, ("int",)))
        if value < least:
            raise self.refuse(f'argument "{name}" must be at least {least}, {value} came')
        return value

    def number(self, name: str) -> float:
        """Return a float."""
        return float(self._typed(name, _REQUIRED, ("float",)))

    def duration(self, name: str, default: Value = _REQUIRED) -> Any:
        """Return a duration."""
        return self._typed(name, default, ("duration",))

    def step(self, name: str) -> Duration:
        """Return a duration that the calendar can be cut by."""
        found: Duration = self.duration(name)
        if found.months < 0 or found.ns < 0 or bool(found.months) == bool(found.ns):
            raise self.refuse(f'argument "{name}" must be of months, or of shorter units, and above nothing')
        return found

    def texts(self, name: str, default: Value = _REQUIRED) -> Any:
        """Return a list of strings."""
        value = self._typed(name, default, ("array",))
        if isinstance(value, list) and not all(isinstance(item, str) for item in value):
            raise self.refuse(f'argument "{name}" must be a list of strings')
        return value

    def function_value(self, name: str, default: Value = _REQUIRED) -> Any:
        """Return a function of the text, or one of ours."""
        value = self.get(name, default)
        if value is default or isinstance(value, Builtin) or callable(value):
            return value
        raise self.refuse(f'argument "{name}" must be a function, {type_name(value)} came')

    def moment(self, session: Session, name: str, default: Value = _REQUIRED) -> int:
        """Return a time in ns: itself, seconds since 1970, or a duration from now."""
        value = self.get(name, default)
        if isinstance(value, Time):
            return value.ns
        if isinstance(value, Duration):
            return later(session.now_ns, value)
        if type_name(value) == "int":
            return int(value) * 1_000_000_000
        raise self.refuse(
            f'argument "{name}" must be a time or a duration, as in -1h; {type_name(value)} came'
        )

    def location(self, session: Session) -> Location:
        """Return the place that windows and dates are of."""
        value = self.get("location", None)
        try:
            return session.location if value is None else location_of(value)
        except QueryError as error:
            raise self.refuse(str(error)) from error

    def column(self) -> str:
        """Return the column to work on."""
        return str(self.text("column", VALUE))

    def stream(self) -> Source | Tables:
        """Return what stands before the call, as it is."""
        self.taken.add("tables")
        value = self.piped if self.is_piped else self.values.get("tables")
        if not isinstance(value, Source | Tables):
            raise self.refuse(f"expected a stream of tables before |>, {type_name(value)} came")
        return value

    def tables(self, session: Session) -> Tables:
        """Return the tables that stand before the call."""
        return read(session, self.stream())

    def finish(self) -> None:
        """Refuse arguments that nobody asked for.

        Raises:
            QuerySyntaxError: there are some.
        """
        surplus = sorted(set(self.values) - self.taken)
        if surplus:
            known = ", ".join(sorted(self.taken - {"tables"})) or "none"
            raise self.refuse(f'argument "{surplus[0]}" is not supported; supported here: {known}')
