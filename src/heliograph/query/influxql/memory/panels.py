"""The forms of texts that are known through and through, and answers to such texts, given at once."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from heliograph.query.influxql.answer.prepare import Prepared
from heliograph.query.influxql.answer.session import Places, Session
from heliograph.query.influxql.memory.kept import Key
from heliograph.query.influxql.memory.learned import Learned, Written
from heliograph.query.influxql.memory.learning import learn
from heliograph.query.influxql.memory.quick import MOMENT_SECONDS, refuse
from heliograph.query.influxql.parser import FORMS
from heliograph.query.influxql.plan.shapes import Result
from heliograph.query.influxql.tree import Select
from heliograph.query.rollup_sql import summaries_sql
from heliograph.store.duck import Cursor
from heliograph.store.store import Store

if TYPE_CHECKING:  # it is there only where a compiler was
    from heliograph.query.memory.sources import Sources

try:
    from heliograph.query.memory import answers
except ImportError:  # installed where there was no compiler
    AVAILABLE = False
else:
    AVAILABLE = True

_KEPT: Final = 256
_MOST_CELLS: Final = 20_000
"""Of an answer; more of them take long, and are for those that look at what they hold."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A text of a form that was learned."""

    key: tuple[object, ...]
    learned: Learned
    written: Written

    @property
    def bucket(self) -> str:
        """What it is asked of."""
        return self.learned.stored.bucket


class Panels:
    """The forms that were learned last, and those that cannot be. For several threads."""

    def __init__(self) -> None:
        self._learned: OrderedDict[tuple[object, ...], Learned | None] = OrderedDict()

    def find(self, key: Key) -> Panel | None:
        """Return a text as one whose form was learned, None of others."""
        text, *place = key
        form, written = FORMS.cut(text)
        at = (form, *place)
        learned = self._learned.get(at)
        return None if learned is None else Panel(at, learned, written)

    def learn(self, session: Session, key: Key, prepared: Prepared) -> None:
        """Learn the form of a text that was answered in a moment, if it is one for that."""
        text, *place = key
        form, _ = FORMS.cut(text)
        at = (form, *place)
        if at in self._learned or not AVAILABLE:
            return
        example = FORMS.example(text)
        if example is None:
            return
        ((statement,), leaves) = example
        known = learn(session, prepared, statement, leaves) if isinstance(statement, Select) else None
        self._learned[at] = known
        while len(self._learned) > _KEPT:
            self._learned.popitem(last=False)

    def answer(
        self, panel: Panel, store: Store, places: Places, sources: Sources, most_rows: int
    ) -> Result | None:
        """Return the answer to a text; None where it has to be found in the usual way.

        Raises:
            NotAtOnce, StoreError: so it has to, too.
        """
        began = time.thread_time()
        learned = panel.learned
        span = learned.span(panel.written) if learned.places is places else None
        snapshot = None if span is None else store.snapshot(panel.bucket, learned.stored.name)
        plan = None
        if span is not None and snapshot is not None:
            plan = learned.plan(snapshot, span, panel.written)
        if plan is None or span is None or snapshot is None:
            self._learned.pop(panel.key, None)
            return None
        cursor = Cursor(refuse)
        # sums of whole numbers must be exact, which those of summaries are not
        if not learned.shift_ns and not learned.sums_whole and summaries_sql(plan, snapshot, cursor.register):
            return None
        answer = answers.select(plan, snapshot, sources, cursor, shift_ns=learned.shift_ns, exact=True)
        if answer is None or len(answer.times_ns) * len(answer.series) > _MOST_CELLS:
            return None
        result = learned.result(answer, span, snapshot)
        if sum(len(series.rows) for series in result.series) > most_rows:
            return None
        if time.thread_time() - began > MOMENT_SECONDS:
            self._learned.pop(panel.key, None)
        return result
