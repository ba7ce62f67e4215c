"""What is wrong with a regular expression, as Go says it."""

from __future__ import annotations

import re
from typing import Final

from heliograph.errors import StoreError
from heliograph.store.duck import Duck

_WORDS: Final = (
    ("no argument for repetition operator", "missing argument to repetition operator"),
    ("bad repetition operator", "invalid nested repetition operator"),
    ("invalid repetition size", "invalid repeat count"),
    ("missing )", "missing closing )"),
    ("missing ]", "missing closing ]"),
    ("invalid perl operator", "invalid or unsupported Perl syntax"),
    ("invalid named capture group", "invalid named capture"),
    ("trailing \\", "trailing backslash at end of expression"),
)
"""RE2's words, and those of Go's copy of it."""
_ONLY_RE2_TELLS: Final = re.compile(r"\(\?|\\[0-9]|\{")
_LITERAL: Final = r"(?:[A-Za-z0-9_:/ ,=@%&.-]|\\[.+*?()|\[\]{}^$/-])"
_FAULTLESS: Final = re.compile(rf"\^?(?:\({_LITERAL}+(?:\|{_LITERAL}+)*\)|{_LITERAL}+)\$?")
"""What the variables of dashboards make: one name or another. To compile it takes longer than to ask it."""


def fault_of(pattern: str, duck: Duck) -> str | None:
    """Return what is wrong with a pattern, None if nothing is; only a suspicious one is put to RE2."""
    if _FAULTLESS.fullmatch(pattern):
        return None
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        pass
    else:
        if not _ONLY_RE2_TELLS.search(pattern):
            return None
    try:
        with duck.cursor() as cursor:
            cursor.rows("SELECT regexp_matches('', $1)", [pattern])
    except StoreError as error:
        return _in_words_of_go(str(error).removeprefix("Invalid Input Error: "))
    return None


def _in_words_of_go(reason: str) -> str:
    for ours, theirs in _WORDS:
        if reason.startswith(ours):
            rest = reason[len(ours) :].removeprefix(": ")
            return f"{theirs}: `{rest}`"
    what, _, rest = reason.partition(": ")
    return f"{what}: `{rest}`"
