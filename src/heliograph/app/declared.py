"""What a program declares with its decorators, before anything runs."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import Any, Final

from heliograph.app.calls.functions import Function
from heliograph.app.incoming.handlers import Full
from heliograph.app.incoming.topics import TopicPattern, fill
from heliograph.app.options import Options
from heliograph.app.outgoing.points import Output, Shape
from heliograph.config.values import parse_duration
from heliograph.errors import ConfigError

_REFERENCE: Final = re.compile(r"\{([a-z_][a-z0-9_]*)\}")


@dataclass(frozen=True, slots=True, eq=False)
class Every:
    """A function that is called again and again."""

    period: str | float
    """A duration, seconds, or ``{option}``, whose value it is then."""
    function: Function
    output: Output

    def seconds(self, options: Options) -> float:
        """Return the time between calls.

        Raises:
            ConfigError: it is none, or not more than nothing.
        """
        period: Any = self.period
        reference = _REFERENCE.fullmatch(period) if isinstance(period, str) else None
        if reference is not None:
            if reference[1] not in options:
                raise ConfigError(
                    f"{self.function.where}: every {period!r} names an option that is not there"
                )
            period = options[reference[1]]
        seconds = parse_duration(period) if isinstance(period, str) else float(period)
        if not seconds > 0:
            raise ConfigError(f"{self.function.where}: a period is more than 0, {period!r} came")
        return seconds


@dataclass(frozen=True, slots=True, eq=False)
class On:
    """A function that is called with the messages of a topic filter."""

    text: str
    function: Function
    output: Output
    qos: int = 1
    queue: int = 100
    full: Full = "wait"

    def pattern(self, device: str, app: str) -> TopicPattern:
        """Return the filter with this device's and app's names in it."""
        return TopicPattern(fill(self.text, device=device, app=app))


@dataclass(slots=True)
class Declared:
    """All functions of a program."""

    every: list[Every] = dataclasses.field(default_factory=list)
    on: list[On] = dataclasses.field(default_factory=list)
    tasks: list[tuple[Function, Output]] = dataclasses.field(default_factory=list)
    start: list[Function] = dataclasses.field(default_factory=list)
    stop: list[Function] = dataclasses.field(default_factory=list)
    changed: list[Function] = dataclasses.field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.every or self.on or self.tasks)


def shape(app_name: str, device: str, function: Function, output: Output) -> Shape:
    """Return how the results of a function become points."""
    from heliograph.app.outgoing.points import whole_numbers

    return Shape(
        output.measurement or app_name,
        output.field or function.name,
        {"host": device, **output.tags},
        whole_numbers(function.returns),
    )
