"""What an InfluxQL text means, as a tree of plain values; :mod:`.text` writes it as InfluxDB does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Ref:
    """A tag, a field, or ``time``; ``cast`` is the word after ``::``."""

    name: str
    cast: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """A function, its name in lower case."""

    name: str
    args: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class Binary:
    """An arithmetic operation or a comparison."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Logic:
    """``AND`` or ``OR`` of two or more terms."""

    operator: str
    terms: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Paren:
    """An expression in parentheses."""

    inner: Expression


@dataclass(frozen=True, slots=True)
class Number:
    """A number with a fraction."""

    value: float


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number; above 2⁶³−1 it is unsigned."""

    value: int


@dataclass(frozen=True, slots=True)
class Text:
    """A string; in a comparison with ``time`` it is a date."""

    value: str


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time."""

    value_ns: int


@dataclass(frozen=True, slots=True)
class Boolean:
    """``true`` or ``false``."""

    value: bool


@dataclass(frozen=True, slots=True)
class Regex:
    """A regular expression in RE2's syntax."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Wildcard:
    """``*``, ``*::field`` or ``*::tag``."""

    kind: str = ""


@dataclass(frozen=True, slots=True)
class Distinct:
    """``DISTINCT name``, without parentheses."""

    name: str


Expression: TypeAlias = (
    Ref
    | Call
    | Binary
    | Logic
    | Paren
    | Number
    | Integer
    | Text
    | Duration
    | Boolean
    | Regex
    | Wildcard
    | Distinct
)


@dataclass(frozen=True, slots=True)
class Field:
    """An entry of a SELECT list."""

    expression: Expression
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Measurement:
    """Where points come from; the name is a regular expression if ``regex`` is not None."""

    name: str = ""
    policy: str = ""
    database: str = ""
    regex: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """Where the rows of SELECT INTO go; no name means the measurement that they come from."""

    name: str
    policy: str = ""
    database: str = ""


@dataclass(frozen=True, slots=True)
class SortField:
    """An entry of ORDER BY; no name means time."""

    name: str = ""
    ascending: bool = True


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows and series of an answer are shown; 0 is no limit."""

    limit: int = 0
    offset: int = 0
    series_limit: int = 0
    series_offset: int = 0


@dataclass(frozen=True, slots=True)
class Select:
    """A SELECT; ``fill`` is null, none, previous, linear or number."""

    fields: tuple[Field, ...]
    sources: tuple[Source, ...]
    target: Target | None = None
    condition: Expression | None = None
    dimensions: tuple[Expression, ...] = ()
    fill: str = "null"
    fill_value: float | int | None = None
    order: tuple[SortField, ...] = ()
    window: Window = field(default_factory=Window)
    zone: str = ""

    @property
    def descending(self) -> bool:
        """Whether the latest row comes first."""
        return bool(self.order) and not self.order[0].ascending


Source: TypeAlias = Measurement | Select


@dataclass(frozen=True, slots=True)
class KeyFilter:
    """``WITH KEY`` and ``WITH MEASUREMENT``: an operator and names, of a regular expression one."""

    operator: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShowSchema:
    """``SHOW`` of what points have: ``noun`` is MEASUREMENTS, SERIES, TAG KEYS, TAG VALUES or FIELD KEYS."""

    noun: str
    cardinality: bool = False
    exact: bool = False
    database: str = ""
    policy: str = ""
    sources: tuple[Source, ...] = ()
    keys: KeyFilter | None = None
    condition: Expression | None = None
    dimensions: tuple[Expression, ...] = ()
    order: tuple[SortField, ...] = ()
    window: Window = field(default_factory=Window)


@dataclass(frozen=True, slots=True)
class Show:
    """``SHOW`` of one noun, about a database, a user or a module where it takes one."""

    noun: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Explain:
    """``EXPLAIN [ANALYZE] [VERBOSE] SELECT …``."""

    select: Select
    analyze: bool = False
    verbose: bool = False


@dataclass(frozen=True, slots=True)
class Delete:
    """``DELETE`` (points) or ``DROP SERIES``."""

    series: bool
    sources: tuple[Source, ...] = ()
    condition: Expression | None = None


@dataclass(frozen=True, slots=True)
class Drop:
    """``DROP`` of a named thing, of a database where it belongs to one."""

    noun: str
    name: str
    database: str = ""
    policy: str = ""


@dataclass(frozen=True, slots=True)
class PolicyOptions:
    """How long a retention policy keeps points; None is not said, a duration of 0 is for ever."""

    duration_ns: int | None = None
    replication: int | None = None
    shard_ns: int | None = None
    future_ns: int | None = None
    past_ns: int | None = None
    default: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class CreateDatabase:
    """``CREATE DATABASE``; ``options`` None without WITH."""

    name: str
    options: PolicyOptions | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """``CREATE`` or ``ALTER RETENTION POLICY``."""

    create: bool
    name: str
    database: str
    options: PolicyOptions


@dataclass(frozen=True, slots=True)
class CreateUser:
    """``CREATE USER``."""

    name: str
    password: str
    admin: bool = False


@dataclass(frozen=True, slots=True)
class SetPassword:
    """``SET PASSWORD FOR``."""

    name: str
    password: str


@dataclass(frozen=True, slots=True)
class Grant:
    """``GRANT`` or ``REVOKE``; no database means all of them."""

    revoke: bool
    privilege: str
    user: str
    database: str = ""


@dataclass(frozen=True, slots=True)
class ContinuousQuery:
    """``CREATE CONTINUOUS QUERY``; 0 ns is not said."""

    name: str
    database: str
    select: Select
    every_ns: int = 0
    for_ns: int = 0


@dataclass(frozen=True, slots=True)
class Subscription:
    """``CREATE SUBSCRIPTION``."""

    name: str
    database: str
    policy: str
    mode: str
    destinations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KillQuery:
    """``KILL QUERY``."""

    id: int
    host: str = ""


Statement: TypeAlias = (
    Select
    | ShowSchema
    | Show
    | Explain
    | Delete
    | Drop
    | CreateDatabase
    | Policy
    | CreateUser
    | SetPassword
    | Grant
    | ContinuousQuery
    | Subscription
    | KillQuery
)
