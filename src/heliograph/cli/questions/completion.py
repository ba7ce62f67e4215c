"""What the shell offers at the Tab key."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from heliograph.cli.questions.language import Language
from heliograph.cli.questions.names import Columns, Names
from heliograph.cli.questions.words import WORDS

COMMANDS: Final = ("\\lang", "\\use", "\\format", "\\epoch", "\\timing", "\\help", "\\quit")
_ARGUMENTS: Final = {
    "\\lang": ("auto", "sql", "influxql", "flux"),
    "\\format": ("table", "csv", "json"),
    "\\epoch": ("off", "ns", "us", "ms", "s", "m", "h"),
}
_WORD: Final = re.compile(r"[\w.]*$")
_AFTER_FROM: Final = re.compile(r"\b(?:from|join|into|measurement)\s+$", re.IGNORECASE)
_OF_BUCKET: Final = re.compile(r"bucket:\s*$")
_OF_MEASUREMENT: Final = re.compile(r"(?:_measurement\s*==|\bfrom|\bjoin|measurement:)\s*$", re.IGNORECASE)
_NAMED: Final = re.compile(r'from\s*\(\s*bucket:\s*"([^"]*)"')
_PLAIN: Final = re.compile(r"[A-Za-z_]\w*")


class QuestionCompleter(Completer):
    """Completes commands of the shell, words of the language, and names of the bucket."""

    def __init__(self, names: Names, state: Callable[[str], tuple[Language, str]]) -> None:
        self._names = names
        self._state = state
        """Tells language and bucket for a text."""

    def get_completions(
        self,
        document: Document,
        complete_event: CompleteEvent,  # noqa: ARG002 - the library's form
    ) -> Iterable[Completion]:
        """Yield what the text before the cursor may go on with."""
        before = document.text_before_cursor
        if before.startswith("\\"):
            yield from self._command(before)
            return
        language, bucket = self._state(document.text)
        named = _NAMED.search(document.text)
        columns = self._names.schema(named[1] if named else bucket)
        if before.count('"') % 2:
            yield from self._quoted(before, language, columns)
            return
        word = _found(_WORD, before)
        start = before[: len(before) - len(word)]
        if language is not Language.FLUX and _AFTER_FROM.search(start):
            offered: Iterable[str] = (_written(name, language) for name in columns)
        else:
            offered = [*_columns_of(document.text, columns, language), *WORDS[language]]
        yield from _matching(word, offered)

    def _command(self, before: str) -> Iterator[Completion]:
        command, blank, argument = before.partition(" ")
        if not blank:
            yield from _matching(before, COMMANDS)
        elif command == "\\use":
            yield from _matching(argument, self._names.buckets())
        else:
            yield from _matching(argument, _ARGUMENTS.get(command, ()))

    def _quoted(self, before: str, language: Language, columns: Columns) -> Iterator[Completion]:
        start, _, word = before.rpartition('"')
        if _OF_BUCKET.search(start):
            offered = self._names.buckets()
        elif _OF_MEASUREMENT.search(start):
            offered = list(columns)
        else:
            offered = sorted({name for known in columns.values() for name in known})
        yield from _matching(word, (_escaped(name, language) + '"' for name in offered))


def _found(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match[0] if match else ""


def _columns_of(text: str, columns: Columns, language: Language) -> list[str]:
    """Return the tags and fields of the measurements that a text names, or of all if it names none."""
    named = [name for name in columns if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)]
    found = sorted({column for name in named or columns for column in columns[name]})
    if language is Language.FLUX:
        return [f"r.{name}" for name in found if _PLAIN.fullmatch(name)]
    return [_written(name, language) for name in found]


def _written(name: str, language: Language) -> str:
    reserved = name.upper() in WORDS[language]
    return name if _PLAIN.fullmatch(name) and not reserved else f'"{_escaped(name, language)}"'


def _escaped(name: str, language: Language) -> str:
    if language is Language.SQL:
        return name.replace('"', '""')
    return name.replace("\\", "\\\\").replace('"', '\\"')


def _matching(word: str, offered: Iterable[str]) -> Iterator[Completion]:
    lower = word.lower()
    for one in offered:
        if one.lower().lstrip('"').startswith(lower) and one != word:
            yield Completion(one, -len(word))
