"""docs/compatibility.md says what the tests show, and nothing else."""

from __future__ import annotations

from docs.make_compatibility import AREAS, PAGE, ROOT, renewed, rows


def test_the_page_is_what_the_tests_say() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == renewed(page), "write it anew: python docs/make_compatibility.py"


def test_every_part_has_rows_and_what_is_refused_has_a_way_out() -> None:
    every = rows()
    assert {row.area for row in every} == AREAS.keys()
    assert all(bool(row.why) == bool(row.instead) for row in every)
    for row in every:
        file, _, function = row.test.partition("::")
        assert f"def {function}(" in (ROOT / file).read_text(encoding="utf-8"), row


def test_no_feature_is_there_and_refused() -> None:
    every = rows()
    there = {(row.area, row.feature) for row in every if not row.why}
    assert not there & {(row.area, row.feature) for row in every if row.why}
