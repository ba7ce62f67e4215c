"""Forms in parts are read as they come: nothing in them makes others wait."""

from __future__ import annotations

import email.feedparser

import pytest

from heliograph.api.influxdb.query import _parts
from heliograph.errors import QueryError

KIND = 'multipart/form-data; boundary="b-1"'


def form(*parts: tuple[str, str], end: str = "\r\n") -> bytes:
    made = "".join(
        f'--b-1{end}Content-Disposition: form-data; name="{name}"{end}{end}{text}{end}'
        for name, text in parts
    )
    return f"{made}--b-1--{end}".encode()


@pytest.mark.parametrize("end", ["\r\n", "\n"], ids=["CRLF", "LF"])
def test_each_part_has_its_name_and_all_of_its_text(end: str) -> None:
    assert _parts(KIND, form(("q", f"SELECT a{end}{end}FROM m{end}"), ("db", "tëst"), end=end)) == {
        "q": f"SELECT a{end}{end}FROM m{end}",
        "db": "tëst",
    }


def test_what_is_no_part_is_none() -> None:
    assert _parts("multipart/form-data", form(("q", "x"))) == {}
    assert _parts(KIND, b"") == {}
    assert _parts(KIND, b"--b-1\r\nX: y\r\n\r\ntext\r\n--b-1--\r\n") == {}
    assert _parts(KIND, b'--b-1\r\nContent-Disposition: form-data; name="q"\r\n\r\nSHOW') == {"q": "SHOW"}


def test_many_parts_are_refused() -> None:
    with pytest.raises(QueryError, match="more than 32 parts"):
        _parts(KIND, form(*[("q", "x")] * 40))


def test_the_lines_of_parts_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """The standard library looks for the end of each part around a line: it counts what it is given."""
    given = 0
    feed = email.feedparser.FeedParser.feed

    def counting(self: email.feedparser.FeedParser, data: str) -> None:
        nonlocal given
        given += len(data)
        feed(self, data)

    monkeypatch.setattr(email.feedparser.FeedParser, "feed", counting)
    inner = "".join(f"--{n}\r\nContent-Type: multipart/mixed; boundary={n + 1}\r\n\r\n" for n in range(20))
    nested = form(("q", "x")).replace(b"x\r\n", inner.encode() + b"\n" * 50_000 + b"\r\n")
    nested = nested.replace(b"\r\n\r\n", b"\r\nContent-Type: multipart/mixed; boundary=0\r\n\r\n", 1)
    assert len(_parts(KIND, nested)["q"]) > 50_000
    assert given < 5_000
