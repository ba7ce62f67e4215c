"""What a text of Flux says: statements and expressions, each with its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from heliograph.query.flux.syntax.tokens import Place
from heliograph.query.flux.values import Value


@dataclass(frozen=True, slots=True)
class Literal:
    """A string, number, duration, time or regular expression."""

    place: Place
    value: Value


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, or a function of ours."""

    place: Place
    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """``object.name`` or ``object["name"]``."""

    place: Place
    object: Expression
    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """``list[number]``."""

    place: Place
    object: Expression
    index: Expression


@dataclass(frozen=True, slots=True)
class Unary:
    """``-``, ``not`` or ``exists`` before an operand."""

    place: Place
    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands; ``and`` and ``or`` too."""

    place: Place
    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Conditional:
    """``if test then yes else no``."""

    place: Place
    test: Expression
    yes: Expression
    no: Expression


@dataclass(frozen=True, slots=True)
class ListOf:
    """``[a, b]``."""

    place: Place
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class DictionaryOf:
    """``[key: value]``, and ``[:]`` without any."""

    place: Place
    items: tuple[tuple[Expression, Expression], ...]


@dataclass(frozen=True, slots=True)
class Template:
    """A string with values inside, ``"${a} of ${b}"``: texts and expressions as they come."""

    place: Place
    parts: tuple[str | Expression, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """``{base with a: 1}``."""

    place: Place
    base: Expression | None
    members: Mapping[str, Expression]


@dataclass(frozen=True, slots=True)
class Call:
    """A function with named arguments; ``piped`` is what stands before ``|>``."""

    place: Place
    function: Expression
    arguments: Mapping[str, Expression]
    piped: Expression | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a function."""

    name: str
    default: Expression | None
    piped: bool = False
    """Whether it takes what stands before ``|>``."""


@dataclass(frozen=True, slots=True)
class Function:
    """``(a, b=1) => body``; assignments before the returned expression are ``steps``."""

    place: Place
    parameters: tuple[Parameter, ...]
    steps: tuple[Assignment, ...]
    body: Expression


Expression = (
    Literal
    | Name
    | Member
    | Index
    | Unary
    | Binary
    | Conditional
    | ListOf
    | DictionaryOf
    | Template
    | Record
    | Call
    | Function
)


@dataclass(frozen=True, slots=True)
class Assignment:
    """``name = value``, also as an ``option``."""

    place: Place
    name: str
    value: Expression
    option: bool = False


@dataclass(frozen=True, slots=True)
class Path:
    """The path of a package."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Program:
    """A whole text: what it imports, by the name there, and its statements."""

    imports: Mapping[str, Path]
    statements: tuple[Assignment | Expression, ...]
