"""Codes of authenticator apps: RFC 6238's own examples, clocks that differ, and that a code counts once."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, urlsplit

import pytest

from heliograph.api.identity.people import People
from heliograph.api.identity.totp import address_of, code_at, is_secret, new_secret, step_of
from heliograph.errors import NotFound, QueryError
from tests.unit.stored_points import Kept

SECRET = base64.b32encode(b"12345678901234567890").decode()
# RFC 6238, appendix B, SHA-1; it shows eight digits, of which six are the last ones
EXAMPLES = [
    (59, "287082"),
    (1_111_111_109, "081804"),
    (1_111_111_111, "050471"),
    (1_234_567_890, "005924"),
    (2_000_000_000, "279037"),
    (20_000_000_000, "353130"),
]


@pytest.mark.parametrize(("time_s", "code"), EXAMPLES)
def test_the_standards_examples(time_s: int, code: str) -> None:
    assert code_at(SECRET, time_s // 30) == code
    assert step_of(SECRET, code, time_s) == time_s // 30


def test_a_clock_may_be_half_a_minute_off_and_no_more() -> None:
    code = code_at(SECRET, 100)
    assert [step_of(SECRET, code, 30 * step) for step in (98, 99, 100, 101, 102)] == [
        None,
        100,
        100,
        100,
        None,
    ]


def test_a_code_that_was_used_is_none() -> None:
    assert step_of(SECRET, code_at(SECRET, 100), 3000, used_step=100) is None
    assert step_of(SECRET, code_at(SECRET, 101), 3000, used_step=100) == 101
    for odd in ("", "1234567", "abcdef", "١٢٣٤٥٦", "\ud800"):
        assert step_of(SECRET, odd.encode("utf-8", "replace").decode(), 3000) is None


def test_secrets() -> None:
    assert is_secret(new_secret())
    assert new_secret() != new_secret()
    assert not any(map(is_secret, ("", "AAAA", "not base32!", "ä" * 32)))
    address = urlsplit(address_of(SECRET, "anna b", "pi"))
    assert (address.scheme, address.netloc, address.path) == ("otpauth", "totp", "/pi%3Aanna%20b")
    assert parse_qs(address.query)["secret"] == [SECRET]


def test_a_person_and_their_app(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    people = People(kept.database)
    people.add("anna", "a long password")
    monkeypatch.setattr("heliograph.api.identity.people.time.time", lambda: 3_000.0)
    with pytest.raises(QueryError, match="clock"):
        people.set_code("anna", SECRET, "000000")
    with pytest.raises(NotFound):
        people.set_code("bob", SECRET, code_at(SECRET, 100))
    assert not people.has_code("anna")
    people.set_code("anna", SECRET, code_at(SECRET, 100))
    assert people.has_code("anna")
    assert not people.use_code("anna", code_at(SECRET, 100)), "it was used to set it"
    assert people.use_code("anna", code_at(SECRET, 101))
    assert not people.use_code("anna", code_at(SECRET, 101))
    people.clear_code("anna")
    assert not people.has_code("anna")
    assert not people.use_code("anna", code_at(SECRET, 102))
