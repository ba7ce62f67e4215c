"""Rules and actions written in Python: functions in ``*.py`` files of the hub's folder ``rules``.

::

    from heliograph.rules import rule

    @rule(every="1m", by=["host"], series={"inside": {...}, "outside": {...}}, above=20)
    def too_damp(inside, outside):
        return inside - outside

A decorated function stays a function: tests call it as it is, or look at ``too_damp.rule``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

from heliograph.rules.reading import make_rule
from heliograph.rules.rule import Function, Rule

ACTION_MARK: Final = "heliograph_action"
RULE_MARK: Final = "rule"
_F = TypeVar("_F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Told:
    """What a function of an action gets: one alert that fires or was resolved."""

    rule: str
    severity: str
    state: str
    """"firing" or "resolved"."""
    group: dict[str, str]
    value: float | None
    text: str
    time_ns: int


def rule(**asked: Any) -> Callable[[_F], _F]:
    """Make a rule of a function that gets the value of each of its series, None where one has none.

    It returns a number for ``above`` or ``below``, or whether something is wrong; None says nothing.

    Raises:
        ConfigError: the options describe no rule.
    """

    def decorate(function: _F) -> _F:
        name = getattr(function, "__name__", "rule").replace("_", "-")
        made = make_rule({"name": name} | asked, cast("Function", function))
        setattr(function, RULE_MARK, made)
        return function

    return decorate


def action(function: _F) -> _F:
    """Let rules name a function as an action: it gets a list of :class:`Told`, in a thread."""
    setattr(function, ACTION_MARK, True)
    return function


def rule_of(function: object) -> Rule | None:
    """Return the rule that a name of a module stands for; None where it is none."""
    found = getattr(function, RULE_MARK, None)
    return found if callable(function) and isinstance(found, Rule) else None
