"""The parts of `helio import` that need no server: files, the journal, counting, and what a hub refuses."""

from __future__ import annotations

import gzip
import io
import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.cli.importing.compared import Compared
from heliograph.cli.importing.distinct import Distinct
from heliograph.cli.importing.influxdb1 import _seconds
from heliograph.cli.importing.influxql import between, name
from heliograph.cli.importing.journal import Journal
from heliograph.cli.importing.reading import Mark, batches, is_open, opened
from heliograph.errors import ConfigError
from heliograph.model.time import MAX_TIME_NS, Precision

EXPORT = b"""\
# INFLUXDB EXPORT: 1677-09-21T00:12:43Z - 2262-04-11T23:47:16Z
# DDL
CREATE DATABASE garden WITH NAME forever
CREATE DATABASE garden WITH NAME "two weeks"
# DML
# CONTEXT-DATABASE:garden
# CONTEXT-RETENTION-POLICY:forever
# writing tsm data
cpu,host=a load=1 1

cpu,host=a note="two
# lines",load=2 2
# CONTEXT-RETENTION-POLICY:two weeks
cpu,host=b load=3\r
cpu,host=b load=4 4
"""


def read(text: bytes, mark: Mark = Mark()) -> list[tuple[str, str, list[bytes]]]:  # noqa: B008 - immutable
    found = []
    for batch in batches(io.BytesIO(text), "x", mark, 77):
        lines = [batch.statement.encode()] if batch.statement else batch.lines
        found.append((batch.begin.database, batch.begin.policy, lines))
    return found


def test_an_export_is_read_with_its_statements_and_contexts() -> None:
    assert read(EXPORT) == [
        ("", "", [b"CREATE DATABASE garden WITH NAME forever"]),
        ("", "", [b'CREATE DATABASE garden WITH NAME "two weeks"']),
        ("garden", "forever", [b"cpu,host=a load=1 1", b'cpu,host=a note="two\n# lines",load=2 2']),
        ("garden", "two weeks", [b"cpu,host=b load=3 77", b"cpu,host=b load=4 4"]),
    ]


def test_each_line_knows_its_place_in_the_file() -> None:
    last = list(batches(io.BytesIO(EXPORT), "x", Mark(), 77))[-2:]
    assert [batch.numbers for batch in last] == [[9, 11, 11], [14, 15]]


def test_reading_goes_on_at_the_end_of_every_batch() -> None:
    found = list(batches(io.BytesIO(EXPORT), "x", Mark(), 77))
    whole = read(EXPORT)
    for done, batch in enumerate(found, 1):
        assert read(EXPORT, batch.end) == whole[done:]


def test_a_long_file_comes_in_batches() -> None:
    text = b"".join(b"m v=%d %d\n" % (n, n) for n in range(12_000))
    assert [len(lines) for _, _, lines in read(text)] == [5_000, 5_000, 2_000]
    long = b"".join(b'm v="%s" %d\n' % (b"x" * 500_000, n) for n in range(12))
    assert [len(lines) for _, _, lines in read(long)] == [5, 5, 2]


@pytest.mark.parametrize(
    ("line", "goes_on"),
    [
        (b'm v="a\n', True),
        (b'm v="a"\n', False),
        (b'm v="a\\"\n', True),
        (b'm,t=" v=1\n', False),
        (b'm\\ "x,t=a\\ "b v=1\n', False),
        (b'm,t="a v="b\n', True),
        (b'# "\n', False),
        (b"m v=1\n", False),
        (b'"\n', False),
    ],
)
def test_a_quote_that_is_open_is_one_of_a_text_value(line: bytes, goes_on: bool) -> None:  # noqa: FBT001
    assert is_open(line) is goes_on


def test_a_quote_that_is_never_closed_spoils_one_line() -> None:
    assert read(b'm v="a 1\nm v=2 2\nm v=3 3\n') == [("", "", [b'm v="a 1', b"m v=2 2", b"m v=3 3"])]


@given(
    st.lists(st.sampled_from([b"m v=1 1\n", b'm s="a\nb" 2\n', b"# c\n", b"\n", b'm s="x\n']), max_size=30)
)
def test_no_line_is_left_out_or_read_twice(lines: list[bytes]) -> None:
    text = b"".join(lines)
    read_lines = [line for _, _, batch in read(text) for line in batch]
    assert b"".join(read_lines).count(b"v=1") == text.count(b"v=1")
    assert sum(line.count(b'"') for line in read_lines) == text.count(b'"')


def test_gzip_is_told_by_its_first_bytes_and_a_cut_one_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "anything"
    file.write_bytes(gzip.compress(EXPORT))
    with opened(str(file)) as stream:
        assert stream.content.read() == EXPORT
    file.write_bytes(gzip.compress(EXPORT)[:-10])
    with pytest.raises(ConfigError, match="cut short"), opened(str(file)) as stream:
        stream.content.read()
    with pytest.raises(ConfigError, match="No such file"), opened(str(tmp_path / "nowhere")):
        pass


def test_a_journal_remembers_what_was_put_last_and_forgets_a_line_that_was_cut(tmp_path: Path) -> None:
    path = tmp_path / "state"
    with Journal(path, {"source": "a"}) as journal:
        assert not journal.resumed
        journal.put("x", 1)
        journal.reached("x", [2, "é"])
        assert journal.kept("y", 3) == 3
    with path.open("ab") as file:
        file.write(b'{"key": "x", "val')
    with Journal(path, {"source": "a"}) as journal:
        assert (journal.resumed, journal.get("x"), journal.kept("y", 4)) == (True, [2, "é"], 3)
        journal.put("x", 5)
    assert [json.loads(line) for line in path.read_text().splitlines()][-1] == {"key": "x", "value": 5}
    with Journal(path, {"source": "a"}) as journal:
        assert journal.get("x") == 5
        journal.remove()
    assert not path.exists()


def test_a_journal_of_another_import_and_one_in_use_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "state"
    with Journal(path, {"source": "a"}) as journal:
        with pytest.raises(ConfigError, match="another import is at work"), Journal(path, {"source": "a"}):
            pass
        journal.reached("x", 1)
    with pytest.raises(ConfigError, match="its source is 'a', now it is 'b'"), Journal(path, {"source": "b"}):
        pass
    path.write_bytes(b"no state at all\n")
    with pytest.raises(ConfigError, match="no state of helio import"), Journal(path, {"source": "a"}):
        pass


def test_a_journal_of_nothing_copied_goes_with_the_try(tmp_path: Path) -> None:
    path = tmp_path / "state"
    with Journal(path, {"bucket": None}) as journal:
        journal.put("x", 1)
    assert not path.exists()


def test_different_values_are_counted_once_and_exactly() -> None:
    lines = [f"cpu,host=h{n % 3} load={n},n={n}i {n // 2}" for n in range(3_000)]
    with Distinct() as distinct:
        for _ in range(2):
            assert distinct.add("b", "\n".join(lines).encode(), Precision.MS, []) == 3_000
        distinct.add("b", b"cpu load=1 5\ncpu load=\nmem used=1 -7", Precision.MS, [1, 2, 3])
        distinct.add("c", b"cpu load=1 5", Precision.S, [1])
        counts = distinct.counts()
    seen = {(n % 3, n // 2) for n in range(3_000)}
    assert counts["b", "cpu"] == Counter(load=len(seen) + 1, n=len(seen))
    assert (counts["b", "mem"], counts["c", "cpu"]) == (Counter(used=1), Counter(load=1))
    assert distinct.spans["b", "cpu"] == (0, 1_499_000_000)
    assert distinct.spans["b", "mem"] == (-7_000_000, -7_000_000)
    assert (distinct.bad_lines, [reason[:7] for reason in distinct.reasons]) == (1, ["line 2:"])


def test_a_field_of_another_type_is_a_bad_line_as_in_the_hub() -> None:
    with Distinct() as distinct:
        distinct.add("b", b"m v=1 1", Precision.NS, [1])
        distinct.add("b", b'm v="x" 2', Precision.NS, [1])
        assert (distinct.bad_lines, distinct.counts()["b", "m"]) == (1, Counter(v=1))


@pytest.mark.parametrize(
    ("there", "here", "before", "fits"),
    [(5, 5, 0, True), (5, 4, 0, False), (5, 6, 0, False), (5, 7, 3, True), (5, 5, 3, True), (5, 9, 3, False)],
)
def test_values_that_were_there_before_may_be_the_same_ones(
    there: int,
    here: int,
    before: int,
    fits: bool,  # noqa: FBT001
) -> None:
    one = Compared("s", "b", "m", *(Counter(v=count) for count in (there, here, before)))
    assert one.differing == ([] if fits else ["v"])


def test_names_and_times_are_written_as_influxql_reads_them() -> None:
    assert name('a "b"\\\n') == '"a \\"b\\"\\\\\\n"'
    assert between(-5, MAX_TIME_NS + 1) == f"time >= -5 AND time <= {MAX_TIME_NS}"
    assert between(0, 10) == "time >= 0 AND time <= 9"
    assert (_seconds("0s"), _seconds("336h0m0s"), _seconds("1h30m5s")) == (0, 1_209_600, 5_405)
