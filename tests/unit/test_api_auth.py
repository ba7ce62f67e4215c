"""Who may come in: tokens in every form, codes that work once, sessions that end, hosts and origins."""

from __future__ import annotations

import asyncio
import base64
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

import pytest
from starlette.requests import Request

from heliograph.api.auth import COOKIE, require_user, token_of
from heliograph.api.guard import host_name, origin_allowed
from heliograph.api.identity.identities import LOGIN_CODE_SECONDS, OPERATOR, THE_OPERATOR, Identities
from heliograph.api.identity.rights import BUCKETS, Action, Permission
from heliograph.api.influxdb.directory import Directory
from heliograph.api.session import log_in
from heliograph.errors import AuthError
from heliograph.query.influxql.meta.databases import Databases
from heliograph.store.database import Database
from tests.unit.asked_routes import answer
from tests.unit.stored_points import Kept, point


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "catalog.db")
    yield opened
    opened.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def identities(database: Database, tmp_path: Path, clock: Clock) -> Identities:
    return Identities(database, tmp_path / "operator.token", clock=clock)


def request(parameters: dict[str, str] | None = None, **headers: str) -> Request:
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": urlencode(parameters or {}).encode(),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()],
    }
    return Request(scope)


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("sent", "token"),
    [
        ("Token abc", "abc"),
        ("token  abc ", "abc"),
        ("Token user:abc", "abc"),
        ("Bearer abc", "abc"),
        ("BEARER abc", "abc"),
        (basic("user:abc"), "abc"),
        (basic(":abc"), "abc"),
        (basic("abc"), "abc"),
        ("Basic !!!", None),
        ("Basic " + base64.b64encode(b"u:\xff").decode(), None),
        ("Digest abc", None),
        ("abc", None),
        ("", None),
        ("Token", ""),
    ],
)
def test_tokens_in_the_header(sent: str, token: str | None) -> None:
    assert token_of(request(authorization=sent)) == token


def test_tokens_in_parameters_come_first() -> None:
    assert token_of(request({"u": "me", "p": "abc"}, authorization="Token other")) == "abc"
    assert token_of(request({"u": "me"}, authorization="Token other")) == "other"
    assert token_of(request()) is None


def test_the_operators_token_is_made_once_and_is_private(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "operator.token"
    first = Identities(database, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().strip() == first.token
    assert len(first.token) >= 32
    again = Identities(database, path)
    assert again.token == first.token
    path.write_text("chosen-by-the-operator\n")
    changed = Identities(database, path)
    assert changed.of_token("chosen-by-the-operator") is THE_OPERATOR
    assert changed.of_token(first.token) is None, "an old token ends with its file"


def test_the_catalogue_holds_no_secret_in_clear(identities: Identities, tmp_path: Path) -> None:
    session = identities.open_session(OPERATOR)
    identities.login_code()
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("catalog.db*"))
    assert identities.token.encode() not in kept
    assert session.encode() not in kept


def test_a_code_opens_one_session(identities: Identities) -> None:
    code = identities.login_code()
    session = identities.redeem(code)
    assert identities.of_session(session) is THE_OPERATOR
    with pytest.raises(AuthError, match="used already or is too old"):
        identities.redeem(code)


@pytest.mark.parametrize("code", ["", "x", "\ud800", "ü" * 1_000])
def test_a_wrong_code_opens_nothing(identities: Identities, code: str) -> None:
    identities.login_code()
    with pytest.raises(AuthError):
        identities.redeem(code)


def test_a_code_ends_after_ten_minutes(identities: Identities, clock: Clock) -> None:
    early, late = identities.login_code(), identities.login_code()
    clock.now += LOGIN_CODE_SECONDS
    identities.redeem(early)
    clock.now += 0.001
    with pytest.raises(AuthError):
        identities.redeem(late)


def test_codes_are_bounded_and_the_oldest_go_first(identities: Identities) -> None:
    codes = [identities.login_code() for _ in range(200)]
    with pytest.raises(AuthError):
        identities.redeem(codes[0])
    identities.redeem(codes[-1])
    assert len(identities._codes) < 64


def test_sessions_end_by_log_out_and_by_age(identities: Identities, database: Database) -> None:
    kept, closed, old = (identities.open_session(OPERATOR) for _ in range(3))
    identities.close_session(closed)
    assert identities.of_session(closed) is None
    with database.transaction() as sql:
        sql.execute("UPDATE secret SET expires_ns = 1 WHERE rowid = (SELECT max(rowid) FROM secret)")
    assert identities.of_session(old) is None
    assert identities.of_session(kept) is THE_OPERATOR
    identities.open_session(OPERATOR)
    assert database.rows("SELECT count(*) FROM secret WHERE expires_ns = 1") == [(0,)], "old ones are removed"


def test_who_is_asking_is_told_while_the_catalogue_is_written(kept: Kept, tmp_path: Path) -> None:
    kept.write(point("m", 1, v=1))
    database, identities = kept.database, Identities(kept.database, tmp_path / "operator.token")
    bucket = Directory(database).buckets()[0]
    rights = frozenset({Permission(Action.READ, BUCKETS, bucket.id)})
    token, secret = identities.tokens.create(rights)
    session = identities.open_session(token.id)
    places = Databases(kept.store, database)

    def ask() -> None:
        for caller in (identities.of_token(secret), identities.of_session(session)):
            assert caller is not None
            identities.require(caller, Action.READ, bucket.name)
        assert places.place(bucket.name, "") == bucket.name

    with ThreadPoolExecutor(1) as other, database.transaction():
        other.submit(ask).result(60)


async def test_the_event_loop_goes_on_while_a_session_waits_for_the_disk(kept: Kept) -> None:
    token = Identities(kept.database, kept.folder / "operator.token").token
    async with asyncio.TaskGroup() as group:
        with kept.database.transaction():
            asking = group.create_task(answer(log_in, kept, token=token))
            for _ in range(20):  # enough turns for an answer that waits for nobody
                await asyncio.sleep(0)
            assert not asking.done()
    assert asking.result() == {"user": OPERATOR}


def test_a_session_is_no_token_and_a_token_no_session(identities: Identities) -> None:
    session = identities.open_session(OPERATOR)
    assert identities.of_token(session) is None
    assert identities.of_session(identities.token) is None
    identities.close_session(identities.token)
    assert identities.of_token(identities.token) is THE_OPERATOR, "a log-out ends no token"


def test_who_is_asking(identities: Identities) -> None:
    session = identities.open_session(OPERATOR)
    assert require_user(request(authorization=f"Token {identities.token}"), identities) == OPERATOR
    assert require_user(request({"u": "x", "p": identities.token}), identities) == OPERATOR
    assert require_user(request(cookie=f"{COOKIE}={session}"), identities) == OPERATOR
    with pytest.raises(AuthError, match="token is not known"):
        require_user(request(authorization="Token wrong", cookie=f"{COOKIE}={session}"), identities)
    for nobody in (request(), request(cookie=f"{COOKIE}=wrong"), request(cookie=f"{COOKIE}=")):
        with pytest.raises(AuthError, match="helio token"):
            require_user(nobody, identities)


def test_a_session_counts_only_for_pages_of_this_hub(identities: Identities) -> None:
    cookie = f"{COOKIE}={identities.open_session(OPERATOR)}"
    own = request(cookie=cookie, host="127.0.0.1:8086", origin="http://127.0.0.1:8086")
    assert require_user(own, identities) == OPERATOR
    for origin in ("http://127.0.0.1:3000", "http://evil.example", "null", "http://["):
        with pytest.raises(AuthError, match="another origin"):
            require_user(request(cookie=cookie, host="127.0.0.1:8086", origin=origin), identities)
    other = request(
        authorization=f"Token {identities.token}", host="127.0.0.1:8086", origin="http://x.example"
    )
    assert require_user(other, identities) == OPERATOR, "who knows the token is not a lured browser"


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("127.0.0.1:8086", "127.0.0.1"),
        ("LOCALHOST", "localhost"),
        ("[::1]:8086", "::1"),
        ("evil.example:8086", "evil.example"),
        ("user@127.0.0.1.evil.example", "127.0.0.1.evil.example"),
        ("", ""),
        ("[::1", ""),
        ("127.0.0.1:8086/../x", "127.0.0.1"),
    ],
)
def test_host_names(host: str, name: str) -> None:
    assert host_name(host) == name


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://127.0.0.1:8086", True),
        ("http://127.0.0.1:8087", False),
        ("http://127.0.0.1", False),
        ("http://localhost:8086", False),
        ("https://evil.example", False),
        ("null", False),
        ("", False),
        ("http://[", False),
    ],
)
def test_origins(origin: str, allowed: bool) -> None:  # noqa: FBT001 - a row of the table
    assert origin_allowed(request(host="127.0.0.1:8086", origin=origin)) is allowed


def test_no_origin_is_no_browser() -> None:
    assert origin_allowed(request(host="127.0.0.1:8086"))
