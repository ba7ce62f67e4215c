"""Passwords, throttling, the audit log and rights of topics: the parts below the routes."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from heliograph.api.identity.audit import ACTING, KEPT, Acting
from heliograph.api.identity.hashing import hash_password, is_outdated, is_password
from heliograph.api.identity.identities import Identities
from heliograph.api.identity.mqtt_login import HUB, MqttLogins
from heliograph.api.identity.throttle import FREE_TRIES, FREE_TRIES_BY_ADDRESS, LONGEST_WAIT, Throttle
from heliograph.api.identity.topics import ALL_TOPICS, device_topics, parse_filters
from heliograph.errors import AuthError, NotPossible, QueryError, TooManyTries
from heliograph.store.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "catalog.db")
    yield database
    database.close()


@pytest.fixture
def identities(database: Database, tmp_path: Path) -> Identities:
    return Identities(database, tmp_path / "operator.token")


def test_a_password_of_an_earlier_version_is_known_and_hashed_anew(
    identities: Identities, database: Database
) -> None:
    salt = b"0123456789abcdef"
    old = f"scrypt${salt.hex()}${hashlib.scrypt(b'correct horse', salt=salt, n=2**14, r=8, p=1).hex()}"
    assert is_outdated(old)
    with database.transaction() as sql:
        sql.execute("INSERT INTO person VALUES ('anna', ?, 1, '', 0)", (old,))
    assert not identities.people.is_password("anna", "wrong")
    assert identities.people.is_password("anna", "correct horse")
    [(kept,)] = database.rows("SELECT password FROM person")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert not is_outdated(kept)
    assert identities.people.is_password("anna", "correct horse")


def test_what_is_no_hash_fits_no_password() -> None:
    for kept in ("", "$argon2id$broken", "scrypt$zz$zz", "scrypt$"):
        assert not is_password(kept, "")
    assert hash_password("x") != hash_password("x")


def test_each_wrong_try_makes_the_next_wait_longer() -> None:
    now = [0.0]
    throttle = Throttle(lambda: now[0])
    waits = []
    for _ in range(FREE_TRIES + 12):
        try:
            throttle.check("name", "address")
        except TooManyTries as error:
            waits.append(error.seconds)
            now[0] += error.seconds
        throttle.failed("name")
    assert waits[:4] == [1, 2, 4, 8]
    assert max(waits) <= LONGEST_WAIT
    throttle.passed("name")
    throttle.check("name")


def test_who_share_an_address_lock_each_other_out_later_than_one_name() -> None:
    throttle = Throttle(lambda: 0.0)
    for number in range(FREE_TRIES_BY_ADDRESS):
        throttle.check(f"name {number}", "address 192.0.2.1")
        throttle.failed(f"name {number}", "address 192.0.2.1")
    throttle.check("name 0", "address 192.0.2.2")
    with pytest.raises(TooManyTries):
        throttle.check("name 0", "address 192.0.2.1")


def test_every_change_is_written_down_with_who_made_it(identities: Identities) -> None:
    ACTING.set(Acting("operator", "192.0.2.9"))
    identities.devices.add("pi")
    identities.people.add("anna", "correct horse")
    token, _ = identities.tokens.create(frozenset(), description="x")
    identities.tokens.rotate(token.id)
    identities.tokens.delete(token.id)
    identities.devices.revoke("pi")
    entries = identities.audit.latest(10)
    assert [entry.what for entry in reversed(entries)] == [
        "device added",
        "user added",
        "token added",
        "token rotated",
        "token revoked",
        "device revoked",
    ]
    assert {(entry.who, entry.address) for entry in entries} == {("operator", "192.0.2.9")}


def test_the_audit_log_is_bounded(identities: Identities, database: Database) -> None:
    with database.transaction() as sql:
        sql.executemany(
            "INSERT INTO audit (time_ns, who, address, what, about) VALUES (?, '', '', '', '')",
            [(n,) for n in range(KEPT + 200)],
        )
    for _ in range(64):
        identities.audit.add("login refused", "x")
    [(count,)] = database.rows("SELECT count(*) FROM audit")
    assert count <= KEPT + 64


def test_who_ends_is_told(identities: Identities) -> None:
    ended: list[str] = []
    identities.on_end = ended.append
    identities.devices.add("pi")
    token, _ = identities.tokens.create(frozenset())
    identities.people.add("anna", "correct horse")
    identities.devices.rotate("pi")
    identities.tokens.change(token.id, description=None, active=False)
    identities.people.set_password("anna", "another horse")
    assert ended == ["device:pi", f"token:{token.id}", "user:anna"]


def test_the_known_tokens_are_others_when_one_has_ended(
    identities: Identities, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = identities.tokens.known
    assert identities.tokens.known is first
    identities.tokens.create(frozenset(), expires_ns=1)
    second = identities.tokens.known
    assert second is not first
    now = time.time_ns()
    monkeypatch.setattr("time.time_ns", lambda: now)
    _, secret = identities.tokens.create(frozenset(), expires_ns=now + 1)
    third = identities.tokens.known
    assert identities.tokens.find(secret) is not None
    assert identities.tokens.known is third
    monkeypatch.setattr("time.time_ns", lambda: now + 1)
    assert identities.tokens.find(secret) is None
    assert identities.tokens.known is not third


def test_a_client_id_belongs_to_the_longest_device(identities: Identities) -> None:
    for name in ("a", "a-b", "a-b-c"):
        identities.devices.add(name)
    owners = {"a": "a", "a-x": "a", "a-b": "a-b", "a-b-c-d": "a-b-c", "a-bc": "a", "b": None, "": None}
    assert {client: identities.devices.owner(client) for client in owners} == owners


def test_a_revoked_device_keeps_its_name(identities: Identities) -> None:
    _, key = identities.devices.add("pi")
    identities.devices.revoke("pi")
    assert not identities.devices.is_key("pi", key)
    assert not identities.devices.is_key("pi", "")
    assert identities.devices.owner("pi-x") == "pi"
    identities.devices.add("pi")
    with pytest.raises(NotPossible, match="already"):
        identities.devices.add("pi")
    for name in ("guest", "hub", "a/b", ""):
        with pytest.raises(QueryError):
            identities.devices.add(name)


def test_the_name_of_a_revoked_gateway_has_the_rights_of_a_device(identities: Identities) -> None:
    devices = identities.devices
    devices.enrol(devices.code("barn", 60, is_gateway=True), "k" * 40)
    assert devices.topics("barn").may_subscribe("cmd/other/set")
    devices.revoke("barn")
    devices.enrol(devices.code("barn", 60), "n" * 40)
    assert devices.topics("barn") == device_topics("barn")


def test_the_hub_itself_needs_its_secret(identities: Identities) -> None:
    logins = MqttLogins(identities, "secret")
    assert logins.log_in(HUB, "secret", "anything").topics == ALL_TOPICS
    for user, password in ((HUB, "wrong"), ("", ""), ("pi", "")):
        with pytest.raises(AuthError):
            logins.log_in(user, password, "anything")


def test_what_is_the_hubs_own_is_nobodys() -> None:
    for topic in ("$MQTT/msgs/x", "$JS/API", "lp/telegraf", "_INBOX/x"):
        assert not ALL_TOPICS.may_publish(topic)
        assert not ALL_TOPICS.may_subscribe(topic)
    assert device_topics("pi").may_publish("sta/pi")
    assert not device_topics("pi").may_publish("cmd/pi/x")
    for bad in ("lp/#", "$SYS/#", "a/#/b", "a+", "", "a b", "$share/g/a", "x>"):
        with pytest.raises(QueryError):
            parse_filters([bad])
