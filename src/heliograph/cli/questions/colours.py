"""Colours for what is typed in the shell."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.lexers import Lexer

from heliograph.cli.questions.words import WORDS

_KNOWN: Final = frozenset(word.rstrip("(:").lower() for words in WORDS.values() for word in words)
_TOKEN: Final = re.compile(
    r"""(?P<comment>--.*|//\ .*)|(?P<text>'(?:[^'\\]|\\.)*'?|"(?:[^"\\]|\\.)*"?)"""
    r"""|(?P<number>\b\d[\w.]*)|(?P<word>[A-Za-z_]\w*)|(?P<other>.[^\w'"/-]*)"""
)
_STYLES: Final = {"comment": "ansibrightblack", "text": "ansigreen", "number": "ansimagenta"}


class QuestionLexer(Lexer):
    """Colours keywords, texts, numbers and comments, line by line."""

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """Return what colours a line by its number."""

        def line(number: int) -> StyleAndTextTuples:
            text = document.lines[number] if number < len(document.lines) else ""
            return [(_style(found), found[0]) for found in _TOKEN.finditer(text)]

        return line


def _style(found: re.Match[str]) -> str:
    if found.lastgroup == "word":
        return "ansicyan" if found[0].lower() in _KNOWN else ""
    return _STYLES.get(found.lastgroup or "", "")
