"""Rights cover what they name; tokens and names are in the catalogue and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.api.identity import tokens as tokens_module
from heliograph.api.identity.hashing import hash_password, is_password
from heliograph.api.identity.ids import bucket_id, new_id
from heliograph.api.identity.rights import (
    BUCKETS,
    EVERYTHING,
    RESOURCES,
    Action,
    Permission,
    allow,
    exceeding,
    parse_permissions,
)
from heliograph.api.identity.tokens import Tokens
from heliograph.api.influxdb.directory import Directory
from heliograph.api.influxdb.shapes import rfc3339
from heliograph.errors import NotFound, NotPossible, QueryError
from heliograph.store.database import Database

ONE = "0123456789abcdef"
permissions = st.builds(
    Permission, st.sampled_from(Action), st.sampled_from(RESOURCES[:4]), st.sampled_from([None, "a", "b"])
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "catalog.db")
    yield opened
    opened.close()


def add_bucket(database: Database, name: str, created_ns: int = 1) -> None:
    with database.transaction() as sql:
        sql.execute("INSERT INTO bucket VALUES (?, ?)", (name, created_ns))


def test_writing_is_not_reading_and_one_is_not_all() -> None:
    one = [Permission(Action.WRITE, BUCKETS, ONE)]
    assert allow(one, Permission(Action.WRITE, BUCKETS, ONE))
    assert not allow(one, Permission(Action.READ, BUCKETS, ONE))
    assert not allow(one, Permission(Action.WRITE, BUCKETS, "f" * 16))
    assert not allow(one, Permission(Action.WRITE, BUCKETS))
    assert not allow(one, Permission(Action.WRITE, "orgs", ONE))
    every = [Permission(Action.WRITE, BUCKETS)]
    assert allow(every, Permission(Action.WRITE, BUCKETS, ONE))
    assert allow(every, Permission(Action.WRITE, BUCKETS))


@given(st.frozensets(permissions), st.frozensets(permissions))
def test_what_is_given_away_is_never_more(
    rights: frozenset[Permission], asked: frozenset[Permission]
) -> None:
    missing = exceeding(rights, asked)
    granted = asked - set(missing)
    for wish in permissions_of("a", "b", "c"):
        assert allow(rights, wish) or not allow(granted, wish)
    assert not exceeding(EVERYTHING, asked)


def permissions_of(*ids: str) -> list[Permission]:
    return [Permission(a, r, i) for a in Action for r in RESOURCES[:4] for i in (None, *ids)]


def test_permissions_are_read_as_clients_send_them() -> None:
    listed = [
        {"action": "read", "resource": {"type": "buckets", "id": ONE, "orgID": "x"}},
        {"action": "write", "resource": {"type": "buckets", "name": "lab", "id": None}},
        {"action": "write", "resource": {"type": "orgs", "org": "x"}},
    ]
    assert parse_permissions(listed) == [
        (Permission(Action.READ, BUCKETS, ONE), None),
        (Permission(Action.WRITE, BUCKETS), "lab"),
        (Permission(Action.WRITE, "orgs"), None),
    ]


@pytest.mark.parametrize(
    "listed",
    [
        None,
        [],
        {},
        ["read"],
        [{}],
        [{"action": "read"}],
        [{"action": "read", "resource": "buckets"}],
        [{"action": "own", "resource": {"type": "buckets"}}],
        [{"action": ["read"], "resource": {"type": "buckets"}}],
        [{"action": "read", "resource": {}}],
        [{"action": "read", "resource": {"type": "tables"}}],
        [{"action": "read", "resource": {"type": ["buckets"]}}],
        [{"action": "read", "resource": {"type": "buckets", "id": ""}}],
        [{"action": "read", "resource": {"type": "buckets", "id": 7}}],
        [{"action": "read", "resource": {"type": "buckets", "name": ""}}],
        [{"action": "read", "resource": {"type": "buckets"}}] * 257,
    ],
)
def test_what_is_no_list_of_permissions_is_refused(listed: object) -> None:
    with pytest.raises(QueryError):
        parse_permissions(listed)


def test_tokens_come_back_from_the_catalogue(database: Database) -> None:
    tokens = Tokens(database)
    rights = frozenset({Permission(Action.READ, BUCKETS, 'a"\\'), Permission(Action.WRITE, "orgs")})
    made, secret = tokens.create(rights, description="pi")
    off, off_secret = tokens.create(rights, active=False)
    again = Tokens(database)
    assert again.find(secret) == made
    assert again.find(off_secret) is None
    assert again.find("") is None
    assert again.find(made.id) is None
    assert again.listed() == [made, off]
    changed = again.change(off.id, description="on", active=True)
    assert (changed.rights, changed.active, changed.description) == (rights, True, "on")
    assert Tokens(database).find(off_secret) == changed
    again.delete(made.id)
    assert again.find(secret) is None
    assert Tokens(database).find(secret) is None
    for ask in (again.get, again.delete):
        with pytest.raises(NotFound):
            ask(made.id)


def test_a_secret_is_one_tokens_only_and_there_is_an_end_to_tokens(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = Tokens(database)
    tokens.create(EVERYTHING, secret="chosen-by-a-test-suite")
    with pytest.raises(NotPossible, match="already"):
        tokens.create(EVERYTHING, secret="chosen-by-a-test-suite")
    monkeypatch.setattr(tokens_module, "MAX_TOKENS", 1)
    with pytest.raises(NotPossible, match="1 tokens already"):
        tokens.create(EVERYTHING)


def test_ids_stay_and_differ() -> None:
    assert bucket_id("a", 1) == bucket_id("a", 1)
    ids = {bucket_id("a", 1), bucket_id("a", 2), bucket_id("b", 1), *(new_id() for _ in range(100))}
    assert len(ids) == 103
    assert all(len(id_) == 16 and int(id_, 16) for id_ in ids)


def test_passwords() -> None:
    kept = hash_password("correct horse")
    assert is_password(kept, "correct horse")
    assert not is_password(kept, "wrong horse")
    assert "horse" not in kept
    assert kept != hash_password("correct horse")


@pytest.mark.parametrize(
    ("database_name", "policy", "bucket"),
    [
        ("tele", "", "tele"),
        ("tele", "autogen", "tele"),
        ("tele", "default", "tele"),
        ("tele", "week", "tele/week"),
        ("tele", "nope", "tele/nope"),
        ("old", "", "old/autogen"),
        ("old", "autogen", "old/autogen"),
        ("both", "", "both"),
        ("nope", "", "nope"),
        ("nope", "autogen", "nope"),
    ],
)
def test_databases_and_policies_are_buckets(
    database: Database, database_name: str, policy: str, bucket: str
) -> None:
    for name in ("tele", "tele/week", "old/autogen", "both", "both/autogen"):
        add_bucket(database, name)
    assert Directory(database).database(database_name, policy) == bucket


def test_a_bucket_is_meant_by_its_name_or_its_id(database: Database) -> None:
    add_bucket(database, "lab")
    add_bucket(database, ONE)
    directory = Directory(database)
    assert directory.bucket_name("lab") == "lab"
    assert directory.bucket_name(bucket_id("lab", 1)) == "lab"
    assert directory.bucket_name(ONE) == ONE, "a name that looks like an id is a name first"
    assert directory.bucket_name("nope") == "nope"
    assert directory.bucket_name("f" * 16) == "f" * 16
    assert directory.bucket(bucket_id("lab", 1)).name == "lab"
    with pytest.raises(NotFound):
        directory.bucket("f" * 16)


def test_notes_are_kept_until_they_are_empty(database: Database) -> None:
    directory = Directory(database)
    assert directory.note("x") == ""
    directory.set_note("x", "about x")
    assert Directory(database).note("x") == "about x"
    directory.set_note("x", "")
    assert database.rows("SELECT * FROM note") == []


@pytest.mark.parametrize(
    ("time_ns", "text"),
    [
        (0, "1970-01-01T00:00:00.000000000Z"),
        (1_790_000_000_123_456_789, "2026-09-21T14:13:20.123456789Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
    ],
)
def test_times_have_all_their_digits(time_ns: int, text: str) -> None:
    assert rfc3339(time_ns) == text
