"""Reads Flux by recursive descent, one method for each level of binding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

from heliograph.query.flux.syntax import tree
from heliograph.query.flux.syntax.tokens import Lexer, Place, Token, syntax_error
from heliograph.query.flux.values import Regex, Value, parse_duration, parse_time

MAX_DEPTH: Final = 30
"""How deep expressions may stand in each other."""
MAX_CHARACTERS: Final = 256 * 1024
"""Longer texts are refused: reading them would take seconds on a small board."""
MAX_KEPT: Final = 64
"""So many parsed texts are kept: a dashboard asks the same ones again and again."""
MAX_KEPT_CHARACTERS: Final = 4_096
"""Longer texts are not: their trees would take megabytes."""
_ENDS: Final = frozenset({"IDENT", "INT", "FLOAT", "STRING", "REGEX", "TIME", "DURATION", ")", "]", "}"})
"""What an operand ends with: a slash behind it divides."""
_WORD_OPERATORS: Final = frozenset({"and", "or", "not", "exists", "if", "then", "else", "return", "with"})
_LEVELS: Final = (
    frozenset({"==", "!=", "<", "<=", ">", ">=", "=~", "!~"}),
    frozenset({"+", "-"}),
    frozenset({"*", "/", "%"}),
    frozenset({"^"}),
)


@lru_cache(maxsize=MAX_KEPT)
def _parsed(text: str) -> tree.Program:
    return _Parser(text).program()


def parse(text: str) -> tree.Program:
    """Return what a text says; those of the last texts that are not long are kept.

    Raises:
        QuerySyntaxError: it is no Flux, with line and column.
    """
    if len(text) > MAX_CHARACTERS:
        raise syntax_error(
            Place(1, 1), f"the text has {len(text):,} characters, {MAX_CHARACTERS:,} are the most"
        )
    return _parsed(text) if len(text) <= MAX_KEPT_CHARACTERS else _Parser(text).program()


class _Parser:
    def __init__(self, text: str) -> None:
        self._lexer = Lexer(text)
        self._depth = 0
        self._token = self._lexer.scan(0, operand=True)

    def program(self) -> tree.Program:
        imports: dict[str, tree.Path] = {}
        if self._is_word("package"):
            self._step()
            self._expect("IDENT")
        while self._is_word("import"):
            self._step()
            alias = self._step().text if self._token.kind == "IDENT" else ""
            token = self._expect("STRING")
            imports[alias or token.text.rpartition("/")[2]] = tree.Path(token.place, token.text)
        statements = []
        while self._token.kind != "EOF":
            statements.append(self._statement())
        return tree.Program(imports, tuple(statements))

    def _statement(self) -> tree.Assignment | tree.Expression:
        option = self._is_word("option")
        if option:
            self._step()
        start, found = self._token.place, self._expression()
        if self._token.kind != "=":
            if option:
                raise self._unexpected("=")
            return found
        self._step()
        name = _target(found, option=option)
        if name is None:
            raise syntax_error(start, "only a name can be assigned to")
        return tree.Assignment(start, name, self._expression(), option)

    def _step(self) -> Token:
        token = self._token
        operand = token.kind not in _ENDS or (token.kind == "IDENT" and token.text in _WORD_OPERATORS)
        self._token = self._lexer.scan(token.end, operand=operand)
        return token

    def _is_word(self, word: str) -> bool:
        return self._token.kind == "IDENT" and self._token.text == word

    def _accept(self, kind: str) -> bool:
        if self._token.kind != kind:
            return False
        self._step()
        return True

    def _expect(self, kind: str) -> Token:
        if self._token.kind != kind:
            raise self._unexpected(_SHOWN.get(kind, kind))
        return self._step()

    def _unexpected(self, wanted: str) -> Exception:
        hint = _HINTS.get(self._token.kind, "")
        return syntax_error(self._token.place, f"expected {wanted}, got {self._token.text!r}{hint}")

    def _expression(self) -> tree.Expression:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise syntax_error(self._token.place, f"expressions may stand {MAX_DEPTH} deep in each other")
        found = self._conditional()
        self._depth -= 1
        return found

    def _conditional(self) -> tree.Expression:
        if not self._is_word("if"):
            return self._either()
        place = self._step().place
        test = self._expression()
        self._expect_word("then")
        yes = self._expression()
        self._expect_word("else")
        return tree.Conditional(place, test, yes, self._expression())

    def _expect_word(self, word: str) -> None:
        if not self._is_word(word):
            raise self._unexpected(word)
        self._step()

    def _either(self) -> tree.Expression:
        return self._terms("or", self._both)

    def _both(self) -> tree.Expression:
        return self._terms("and", self._negated)

    def _terms(self, word: str, operand: Callable[[], tree.Expression]) -> tree.Expression:
        terms = [operand()]
        while self._is_word(word):
            self._step()
            terms.append(operand())
        return _balanced(word, terms)

    def _negated(self) -> tree.Expression:
        if self._is_word("not") or self._is_word("exists"):
            token = self._step()
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise syntax_error(token.place, f"expressions may stand {MAX_DEPTH} deep in each other")
            operand = self._negated()
            self._depth -= 1
            return tree.Unary(token.place, token.text, operand)
        return self._binary(0)

    def _binary(self, level: int) -> tree.Expression:
        if level == len(_LEVELS):
            return self._pipe()
        left = self._binary(level + 1)
        while self._token.kind in _LEVELS[level]:
            token = self._step()
            left = tree.Binary(token.place, token.kind, left, self._binary(level + 1))
        return left

    def _pipe(self) -> tree.Expression:
        left = self._unary()
        while self._token.kind == "|>":
            place = self._step().place
            call = self._unary()
            if not isinstance(call, tree.Call) or call.piped is not None:
                raise syntax_error(place, "a function call must follow |>, as in |> mean()")
            left = tree.Call(call.place, call.function, call.arguments, left)
        return left

    def _unary(self) -> tree.Expression:
        if self._token.kind in ("-", "+"):
            token = self._step()
            operand = self._postfix()
            return operand if token.kind == "+" else tree.Unary(token.place, "-", operand)
        return self._postfix()

    def _postfix(self) -> tree.Expression:
        found = self._primary()
        while True:
            place = self._token.place
            if self._accept("."):
                found = tree.Member(place, found, self._expect("IDENT").text)
            elif self._accept("("):
                found = tree.Call(found.place, found, self._arguments())
            elif self._accept("["):
                inner = self._expression()
                self._expect("]")
                named = isinstance(inner, tree.Literal) and isinstance(inner.value, str)
                if named and isinstance(inner, tree.Literal):
                    found = tree.Member(place, found, inner.value)
                else:
                    found = tree.Index(place, found, inner)
            else:
                return found

    def _arguments(self) -> dict[str, tree.Expression]:
        found: dict[str, tree.Expression] = {}
        while self._token.kind != ")":
            place = self._token.place
            if self._token.kind != "IDENT":
                raise self._unexpected("the name of an argument, as in n: 10")
            name = self._step().text
            if name in found:
                raise syntax_error(place, f"argument {name!r} is given twice")
            if self._token.kind not in (":", ",", ")"):
                raise self._unexpected(f": behind the name of an argument, {name!r}")
            found[name] = self._expression() if self._accept(":") else tree.Name(place, name)
            if not self._accept(","):
                break
        self._expect(")")
        return found

    def _primary(self) -> tree.Expression:
        token = self._token
        if token.kind in _LITERALS:
            self._step()
            try:
                return tree.Literal(token.place, _LITERALS[token.kind](token.text))
            except (ValueError, OverflowError) as error:
                raise syntax_error(token.place, f"{token.text!r} is out of range") from error
        if token.kind == "IDENT" and token.text not in _WORD_OPERATORS:
            self._step()
            return tree.Name(token.place, token.text)
        if token.kind == "(":
            return self._function() if self._function_follows() else self._parenthesis()
        if token.kind == "[":
            return self._list()
        if token.kind == "TEMPLATE":
            return self._template()
        if token.kind == "{":
            return self._record()
        raise self._unexpected("an expression")

    def _parenthesis(self) -> tree.Expression:
        self._expect("(")
        found = self._expression()
        self._expect(")")
        return found

    def _function_follows(self) -> bool:
        """Whether the parenthesis begins the parameters of a function."""
        begin = self._token
        self._step()
        follows = self._token.kind == ")"
        if self._token.kind == "IDENT" and self._token.text not in _WORD_OPERATORS:
            self._step()
            follows = self._token.kind in ("=", ",")
            if self._token.kind == ")":
                self._step()
                follows = self._token.kind == "=>"
        self._token = begin
        return follows

    def _function(self) -> tree.Function:
        place = self._expect("(").place
        parameters: list[tree.Parameter] = []
        while self._token.kind != ")":
            name = self._expect("IDENT").text
            piped = default = None
            if self._accept("="):
                piped = self._accept("<-")
                default = None if piped else self._expression()
            parameters.append(tree.Parameter(name, default, bool(piped)))
            if not self._accept(","):
                break
        self._expect(")")
        self._expect("=>")
        if self._token.kind == "{":
            return self._block(place, tuple(parameters))
        return tree.Function(place, tuple(parameters), (), self._expression())

    def _block(self, place: Place, parameters: tuple[tree.Parameter, ...]) -> tree.Function:
        self._expect("{")
        steps: list[tree.Assignment] = []
        while not self._is_word("return"):
            step = self._statement()
            if not isinstance(step, tree.Assignment):
                if self._token.kind == ":" or self._is_word("with"):
                    raise syntax_error(step.place, "a record that is given back stands in (), as in ({a: 1})")
                raise syntax_error(step.place, "in a function only assignments may stand before return")
            steps.append(step)
        self._step()
        body = self._expression()
        self._expect("}")
        return tree.Function(place, parameters, tuple(steps), body)

    def _list(self) -> tree.ListOf | tree.DictionaryOf:
        place = self._expect("[").place
        if self._accept(":"):
            self._expect("]")
            return tree.DictionaryOf(place, ())
        items: list[tree.Expression] = []
        pairs: list[tuple[tree.Expression, tree.Expression]] = []
        while self._token.kind != "]":
            item = self._expression()
            if pairs or (not items and self._token.kind == ":"):
                self._expect(":")
                pairs.append((item, self._expression()))
            else:
                items.append(item)
            if not self._accept(","):
                break
        self._expect("]")
        return tree.DictionaryOf(place, tuple(pairs)) if pairs else tree.ListOf(place, tuple(items))

    def _template(self) -> tree.Template:
        place = self._token.place
        parts: list[str | tree.Expression] = []
        while self._token.kind == "TEMPLATE":
            parts.append(self._step().text)
            parts.append(self._expression())
            if self._token.kind != "}":
                raise self._unexpected("}")
            self._token = self._lexer.string_from(self._token.end, place)
        parts.append(self._expect("STRING").text)
        return tree.Template(place, tuple(part for part in parts if part != ""))

    def _record(self) -> tree.Record:
        place = self._expect("{").place
        base: tree.Expression | None = None
        members: dict[str, tree.Expression] = {}
        while self._token.kind != "}":
            token = self._step()
            if token.kind not in ("IDENT", "STRING"):
                raise syntax_error(token.place, f"expected a name, got {token.text!r}")
            if base is None and not members and self._is_word("with"):
                self._step()
                base = tree.Name(token.place, token.text)
                continue
            here = tree.Name(token.place, token.text)
            members[token.text] = self._expression() if self._accept(":") else here
            if not self._accept(","):
                break
        self._expect("}")
        return tree.Record(place, base, members)


def _balanced(word: str, terms: Sequence[tree.Expression]) -> tree.Expression:
    """Return terms as a tree of little depth: dashboards name hundreds of hosts, one or another of them."""
    if len(terms) == 1:
        return terms[0]
    half = len(terms) // 2
    left, right = _balanced(word, terms[:half]), _balanced(word, terms[half:])
    return tree.Binary(right.place, word, left, right)


def _target(found: tree.Expression, *, option: bool) -> str | None:
    if isinstance(found, tree.Name):
        return found.name
    if option and isinstance(found, tree.Member) and isinstance(found.object, tree.Name):
        return f"{found.object.name}.{found.name}"
    return None


def _whole(text: str) -> int:
    value = int(text)
    if value >= 2**63:
        raise OverflowError(text)
    return value


_LITERALS: Final[dict[str, Callable[[str], Value]]] = {
    "INT": _whole,
    "FLOAT": float,
    "STRING": str,
    "DURATION": parse_duration,
    "TIME": parse_time,
    "REGEX": Regex,
}
_SHOWN: Final = {"IDENT": "a name", "STRING": "a string in quotes"}
_HINTS: Final = {
    "=": "; values are compared with ==",
    "=>": "; parameters stand in parentheses, as in (r) => …",
}
"""What else may be meant by a word that is not expected."""
