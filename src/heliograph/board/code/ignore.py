"""Which files of a project stay on the laptop: the rules of ``.gitignore`` and ``.boardignore``.

Source of the rules: gitignore(5), "PATTERN FORMAT".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

FILES: Final = (".gitignore", ".boardignore")
"""What is read in each folder; a rule of the later file has the last word."""

ALWAYS: Final = """\
.git/
.hg/
.svn/
.venv/
venv/
node_modules/
__pycache__/
*.py[co]
.*_cache/
.idea/
.vscode/
.settings/
.DS_Store
*.swp
*~
4913
"""
"""What belongs to tools on the laptop. The project's own rules come after, so ``!venv/`` brings one back."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of an ignore file."""

    pattern: re.Pattern[str]
    negated: bool
    folders_only: bool

    def matches(self, path: str, *, is_folder: bool) -> bool:
        """Whether the rule speaks of this path."""
        return (is_folder or not self.folders_only) and self.pattern.fullmatch(path) is not None


@dataclass(frozen=True, slots=True)
class Ignores:
    """The rules that hold in one folder: its own, after those of the folders above."""

    rules: tuple[Rule, ...]

    @classmethod
    def of_project(cls, extra: Iterable[str] = ()) -> Self:
        """Return what holds before any file is read: ours, then those that ``board.toml`` names."""
        return cls((*parse_rules(ALWAYS), *parse_rules("\n".join(extra))))

    def below(self, folder: str, text: str) -> Ignores:
        """Return the rules with those of an ignore file in ``folder`` ("" is the project's own)."""
        return Ignores((*self.rules, *parse_rules(text, folder)))

    def match(self, path: str, *, is_folder: bool) -> bool:
        """Whether the path stays on the laptop. Below an ignored folder nothing can be brought back."""
        for rule in reversed(self.rules):
            if rule.matches(path, is_folder=is_folder):
                return not rule.negated
        return False

    def match_below(self, path: str) -> bool:
        """Whether a file, or a folder that it stands in, is ignored."""
        parts = path.split("/")
        above = ("/".join(parts[:count]) for count in range(1, len(parts)))
        return any(self.match(folder, is_folder=True) for folder in above) or self.match(
            path, is_folder=False
        )


def parse_rules(text: str, folder: str = "") -> list[Rule]:
    """Return the rules of an ignore file that stands in ``folder``; paths have slashes on every system."""
    return [rule for line in text.splitlines() if (rule := _rule(line, folder)) is not None]


def _rule(line: str, folder: str) -> Rule | None:
    line = re.sub(r"(?<!\\) +$", "", line)
    if not line or line.startswith("#"):
        return None
    negated = line.startswith("!")
    line = line[1:] if negated else line
    folders_only = line.endswith("/")
    line = line.rstrip("/")
    if not line:
        return None
    anchored = "/" in line
    begin = re.escape(f"{folder}/") if folder else ""
    anywhere = "" if anchored else "(?:.*/)?"
    return Rule(re.compile(begin + anywhere + _regex(line.lstrip("/")), re.DOTALL), negated, folders_only)


def _regex(glob: str) -> str:
    out: list[str] = []
    position = 0
    while position < len(glob):
        word, position = _next(glob, position)
        out.append(word)
    return "".join(out)


def _next(glob: str, at: int) -> tuple[str, int]:
    """Return the next bit of a pattern as a regular expression, and where the one after it begins."""
    if glob.startswith("**/", at) and (at == 0 or glob[at - 1] == "/"):
        return "(?:.*/)?", at + 3
    if glob.startswith("/**", at) and at + 3 == len(glob):
        return "/.+", at + 3
    if glob[at] == "*":
        end = at + len(glob[at:]) - len(glob[at:].lstrip("*"))
        return "[^/]*", end
    if glob[at] == "?":
        return "[^/]", at + 1
    if glob[at] == "[" and (closed := re.match(r"\[([!^]?)(\]?[^\]]*)\]", glob[at:])):
        inside = closed[2].replace("\\", r"\\").replace("[", r"\[")
        return f"(?!/)[{'^' if closed[1] else ''}{inside}]", at + closed.end()
    if glob[at] == "\\" and at + 1 < len(glob):
        return re.escape(glob[at + 1]), at + 2
    return re.escape(glob[at]), at + 1
