"""Carries a text of Flux out, statement by statement; streams of tables are what it gives."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from heliograph.errors import QueryError, QuerySyntaxError
from heliograph.query.flux.functions.advice import nearest, package_advice, undefined
from heliograph.query.flux.functions.arguments import Arguments, Builtin
from heliograph.query.flux.functions.experimental import EXTEND
from heliograph.query.flux.functions.plain.scalars import shown_text
from heliograph.query.flux.functions.prelude import prelude
from heliograph.query.flux.functions.registry import OPTIONS, PACKAGES, UNIVERSE, Own
from heliograph.query.flux.operators import binary, check_length, negated, pattern_of
from heliograph.query.flux.session import Session
from heliograph.query.flux.source import Source, read
from heliograph.query.flux.syntax import tree
from heliograph.query.flux.syntax.tokens import Place, syntax_error
from heliograph.query.flux.tables import Tables
from heliograph.query.flux.values import Value, dictionary_of, type_name

MAX_CALLS: Final = 50
"""How deep functions may call each other."""
_COMPARISONS: Final = frozenset({"=~", "!~"})
_PLACE: Final = re.compile(r"^(?:compilation failed: error|runtime error) @\d+:\d+: ")
Scope = Mapping[str, Value]


def run(session: Session, program: tree.Program, given: tree.Program | None = None) -> dict[str, Tables]:
    """Return the streams of a text by their names; ``given`` are assignments that come before it.

    Raises:
        QuerySyntaxError: the text names something unknown, or more than we answer.
        QueryError: it cannot be carried out.
    """
    interpreter = Interpreter(session)
    try:
        if given is not None:
            interpreter.run(given)
        interpreter.run(program)
    except RecursionError as error:
        raise QueryError("the text stands too deep in itself; take it apart with variables") from error
    if not interpreter.results:
        raise QueryError(
            "this Flux script returns no streaming data; put a stream of tables at its end, or a yield()"
        )
    return interpreter.results


@dataclass(slots=True)
class Closure:
    """A function of the text."""

    interpreter: Interpreter
    node: tree.Function
    scope: Scope
    ours: bool = False
    """Whether it stands in no text of a user."""

    def call(self, arguments: Mapping[str, Value]) -> Value:
        """Return what it gives; arguments that it does not have are left out."""
        scope = dict(self.scope)
        for parameter in self.node.parameters:
            if parameter.name in arguments:
                scope[parameter.name] = arguments[parameter.name]
            elif parameter.default is not None:
                scope[parameter.name] = self.interpreter.value(parameter.default, self.scope)
            else:
                raise QueryError(f"the function needs an argument {parameter.name!r}")
        for step in self.node.steps:
            scope[step.name] = self.interpreter.value(step.value, scope)
        return self.interpreter.value(self.node.body, scope)

    def __call__(self, **arguments: Value) -> Value:
        """Return what it gives, as :meth:`call`."""
        return self.call(arguments)


@dataclass(slots=True)
class Interpreter:
    """One run."""

    session: Session
    results: dict[str, Tables] = field(default_factory=dict)
    _scope: dict[str, Value] = field(default_factory=dict)
    _prelude: dict[str, Value] = field(default_factory=dict)
    _calls: int = 0

    def run(self, program: tree.Program) -> None:
        """Carry all statements out; what a stream is at the end of one is a result."""
        scope = self._scope
        for name, path in program.imports.items():
            if path.text not in PACKAGES:
                raise syntax_error(path.place, package_advice(path.text, PACKAGES))
            scope[name] = PACKAGES[path.text]
        for statement in program.statements:
            try:
                if isinstance(statement, tree.Assignment):
                    self._assign(statement)
                else:
                    self._result(statement.place, self.value(statement, scope))
            except QuerySyntaxError:
                raise
            except QueryError as error:
                raise _placed(error, statement.place) from error

    def _assign(self, statement: tree.Assignment) -> None:
        value = self.value(statement.value, self._scope)
        if statement.option and statement.name in OPTIONS:
            OPTIONS[statement.name](self.session, value)
        self._scope[statement.name] = value

    def _result(self, place: Place, value: Value) -> None:
        if not isinstance(value, Source | Tables):
            return
        tables = read(self.session, value)
        self.add_result(place, tables.name or "_result", tables, yielded=tables.name is not None)

    def add_result(self, place: Place, name: str, tables: Tables, *, yielded: bool) -> None:
        """Keep a stream under a name; yield() has kept its own already."""
        if yielded and self.results.get(name) is tables:
            return
        if name in self.results:
            raise syntax_error(
                place, f'two results are called "{name}"; give one another name with yield(name: …)'
            )
        self.results[name] = tables

    def value(self, node: tree.Expression, scope: Scope) -> Value:
        """Return what an expression gives."""
        try:
            return _EVALUATORS[type(node)](self, node, scope)
        except QuerySyntaxError:
            raise
        except QueryError as error:
            raise _placed(error, node.place) from error

    def name(self, node: tree.Name, scope: Scope, *, called: bool = False) -> Value:
        """Return a variable or a function of ours."""
        if node.name in scope:
            return scope[node.name]
        if node.name in UNIVERSE:
            return self._own(UNIVERSE[node.name])
        advice = nearest(node.name, UNIVERSE) if called else undefined(node.name, PACKAGES)
        raise syntax_error(node.place, f"undefined identifier {node.name}; {advice}")

    def member(self, node: tree.Member, scope: Scope) -> Value:
        """Return a member of a record or of a package; what a row does not have is missing."""
        value = self.value(node.object, scope)
        if isinstance(value, Mapping):
            if node.name not in value and _is_package(value):
                raise syntax_error(node.place, f"{node.name} is not supported; {nearest(node.name, value)}")
            return self._own(value.get(node.name))
        raise QueryError(f"{type_name(value)} has no member {node.name!r}")

    def _own(self, value: Value) -> Value:
        """Return a function of ours that is Flux itself as one of the text, and anything else as it is."""
        if not isinstance(value, Own):
            return value
        if not self._prelude:
            self._prelude["extend"] = EXTEND
            for name, node in prelude().items():
                self._prelude[name] = Closure(self, node, self._prelude, ours=True)
        return self._prelude[value.name]

    def index(self, node: tree.Index, scope: Scope) -> Value:
        """Return an item of a list."""
        items, at = self.value(node.object, scope), self.value(node.index, scope)
        if not isinstance(items, list) or type_name(at) != "int":
            raise QueryError("only lists are asked for an item, by a whole number")
        if not 0 <= at < len(items):
            raise QueryError(f"the list has {len(items)} items, item {at} is asked for")
        return items[at]

    def unary(self, node: tree.Unary, scope: Scope) -> Value:
        """Return what not, exists or a minus makes of an operand."""
        value = self.value(node.operand, scope)
        if node.operator == "exists":
            return value is not None
        if node.operator == "-":
            return negated(value)
        return None if value is None else not self._truth(value)

    @staticmethod
    def _truth(value: Value) -> bool:
        if not isinstance(value, bool):
            raise QueryError(f"expected true or false, {type_name(value)} came")
        return value

    def binary(self, node: tree.Binary, scope: Scope) -> Value:
        """Return what an operator makes of two operands."""
        left = self.value(node.left, scope)
        if node.operator in ("and", "or"):
            return self._logic(node, left, scope)
        right = self.value(node.right, scope)
        if node.operator in _COMPARISONS:
            pattern = pattern_of(right)
            if left is None:
                return None
            if not isinstance(left, str):
                raise QueryError(f"only a string matches a regular expression, {type_name(left)} came")
            return self.session.matches(pattern, left) == (node.operator == "=~")
        found = binary(node.operator, left, right)
        return self.session.add_text(found) if isinstance(found, str) else found

    def _logic(self, node: tree.Binary, left: Value, scope: Scope) -> Value:
        decided = node.operator == "or"
        if left is not None and self._truth(left) == decided:
            return decided
        right = self.value(node.right, scope)
        if right is not None and self._truth(right) == decided:
            return decided
        return None if left is None or right is None else not decided

    def conditional(self, node: tree.Conditional, scope: Scope) -> Value:
        """Return one of two values; a missing test is false."""
        test = self.value(node.test, scope)
        chosen = node.yes if test is not None and self._truth(test) else node.no
        return self.value(chosen, scope)

    def items(self, node: tree.ListOf, scope: Scope) -> Value:
        """Return a list."""
        return [self.value(item, scope) for item in node.items]

    def dictionary(self, node: tree.DictionaryOf, scope: Scope) -> Value:
        """Return a dictionary."""
        return dictionary_of((self.value(key, scope), self.value(value, scope)) for key, value in node.items)

    def template(self, node: tree.Template, scope: Scope) -> Value:
        """Return a string with the values put in."""
        parts = [
            part if isinstance(part, str) else shown_text(self.value(part, scope)) for part in node.parts
        ]
        check_length(sum(map(len, parts)))
        return "".join(parts)

    def record(self, node: tree.Record, scope: Scope) -> Value:
        """Return a record."""
        base: Value = {} if node.base is None else self.value(node.base, scope)
        if not isinstance(base, Mapping):
            raise QueryError(f"before with stands a record, {type_name(base)} came")
        return {**base, **{name: self.value(member, scope) for name, member in node.members.items()}}

    def call(self, node: tree.Call, scope: Scope) -> Value:
        """Return what a function gives."""
        self.session.tick()  # functions that call each other twice take for ever without recursion
        piped = None if node.piped is None else self.value(node.piped, scope)
        if isinstance(node.function, tree.Name):
            function = self.name(node.function, scope, called=True)
        else:
            function = self.value(node.function, scope)
        values = {name: self.value(argument, scope) for name, argument in node.arguments.items()}
        self._calls += 1
        try:
            if self._calls > MAX_CALLS:
                raise QueryError(f"functions may call each other {MAX_CALLS} deep")
            if isinstance(function, Closure):
                try:
                    return self._call_closure(function, values, piped)
                except QueryError as error:
                    if function.ours:  # its place means nothing to the one who asks
                        raise syntax_error(node.place, _PLACE.sub("", str(error))) from error
                    raise
            if isinstance(function, Builtin):
                return self._call_builtin(function, values, node, piped)
        finally:
            self._calls -= 1
        raise QueryError(f"a function is called, {type_name(function)} came")

    def _call_builtin(
        self, function: Builtin, values: dict[str, Value], node: tree.Call, piped: Value
    ) -> Value:
        self.session.check_time()  # one is over in seconds, a text may have thousands
        arguments = Arguments(function.name, node.place, values, piped, node.piped is not None)
        if function.name == "yield":
            tables = read(self.session, arguments.stream())
            named = Tables(tables.tables, tables.bounds, name=arguments.text("name", "_result"))
            arguments.finish()
            self.add_result(node.place, str(named.name), named, yielded=False)
            return named
        try:
            found = function.call(self.session, arguments)
        except QuerySyntaxError:
            raise
        except QueryError:
            arguments.finish()  # an argument that is not known is told first
            raise
        arguments.finish()
        return self.session.add_text(found) if isinstance(found, str) else found

    @staticmethod
    def _call_closure(function: Closure, values: dict[str, Value], piped: Value) -> Value:
        parameters = function.node.parameters
        unknown = [name for name in values if name not in {parameter.name for parameter in parameters}]
        if unknown:
            raise QueryError(f"the function has no argument {unknown[0]!r}")
        if piped is not None:
            taking = [parameter.name for parameter in parameters if parameter.piped]
            if not taking:
                raise QueryError("the function takes nothing from |>; give it a parameter like tables=<-")
            values = values | {taking[0]: piped}
        return function.call(values)

    def function(self, node: tree.Function, scope: Scope) -> Value:
        """Return a function of the text."""
        return Closure(self, node, scope)


def _is_package(value: Value) -> bool:
    return any(value is package for package in PACKAGES.values())


def _placed(error: QueryError, place: Place) -> QueryError:
    if getattr(error, "placed", False):
        return error
    return _Placed(f"runtime error @{place.line}:{place.column}: {error}")


class _Placed(QueryError):
    """An error that tells its place in the text."""

    placed = True


_EVALUATORS: Final[dict[type, Callable[..., Value]]] = {
    tree.Literal: lambda _, node, __: node.value,
    tree.Name: Interpreter.name,
    tree.Member: Interpreter.member,
    tree.Index: Interpreter.index,
    tree.Unary: Interpreter.unary,
    tree.Binary: Interpreter.binary,
    tree.Conditional: Interpreter.conditional,
    tree.ListOf: Interpreter.items,
    tree.DictionaryOf: Interpreter.dictionary,
    tree.Template: Interpreter.template,
    tree.Record: Interpreter.record,
    tree.Call: Interpreter.call,
    tree.Function: Interpreter.function,
}
