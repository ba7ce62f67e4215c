"""The hub's own authority: certificates that strict clients take, made anew when it is time."""

from __future__ import annotations

import datetime as dt
import ssl
from pathlib import Path

import pytest
from cryptography import x509

from heliograph.config.tree import NetworkSettings, Settings
from heliograph.errors import ConfigError
from heliograph.hub.network.authority import Authority, names_of
from heliograph.hub.network.listening import Certificates, listening
from heliograph.model.enrolment import join, new_code, short_fingerprint, split

NAMES = ("Hub.local", "192.0.2.7", "2001:DB8::1", "127.0.0.1")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    made = Authority(tmp_path / "tls")
    made.open("pi")
    return made


def shake(authority: Authority, name: str) -> str:
    """Let a strict client and a server with these files talk in memory; returns the protocol they speak."""
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(authority.chain, authority.key)
    client = ssl.create_default_context(cafile=str(authority.path))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(down, up, server_hostname=name)
    theirs = server.wrap_bio(up, down, server_side=True)
    for _ in range(4):
        for side in (ours, theirs):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return str(ours.version())


def test_a_strict_client_takes_the_certificate_under_each_name(authority: Authority) -> None:
    authority.issue(NAMES)
    for name in ("hub.local", "192.0.2.7", "2001:db8::1"):
        assert shake(authority, name) == "TLSv1.3"
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(authority, "other.local")


def test_keys_are_their_owners_alone(authority: Authority, tmp_path: Path) -> None:
    authority.issue(NAMES)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "tls").iterdir()}
    assert modes == dict.fromkeys(("ca.key", "ca.pem", "hub.key", "hub.pem"), 0o600)


def test_a_certificate_is_made_anew_only_when_it_has_to_be(authority: Authority) -> None:
    assert authority.needs_anew(NAMES)
    authority.issue(NAMES)
    assert not authority.needs_anew(NAMES)
    assert authority.needs_anew([*NAMES, "192.0.2.8"])
    kept = x509.load_pem_x509_certificate(authority.chain.read_bytes())
    assert names_of(kept) == {"hub.local", "192.0.2.7", "2001:db8::1", "127.0.0.1"}
    assert kept.not_valid_before_utc < dt.datetime.now(dt.UTC) - dt.timedelta(days=300), (
        "boards without a clock"
    )
    authority.chain.unlink()
    assert authority.needs_anew(NAMES)


def test_the_authority_stays_the_same(authority: Authority, tmp_path: Path) -> None:
    again = Authority(tmp_path / "tls")
    again.open("another name")
    assert again.certificate == authority.certificate


def test_a_broken_authority_is_told_and_not_replaced(authority: Authority, tmp_path: Path) -> None:
    authority.path.write_bytes(b"broken")
    with pytest.raises(ConfigError, match="restore its files from a backup"):
        Authority(tmp_path / "tls").open("pi")


def test_certificates_say_when_their_files_are_others(tmp_path: Path) -> None:
    settings = Settings(network=NetworkSettings(listen="0.0.0.0"))
    certificates = Certificates(settings, tmp_path / "tls")
    assert not certificates.refresh()
    certificates.chain.unlink()
    assert certificates.refresh()
    assert "localhost" in certificates.names
    der = ssl.PEM_cert_to_DER_cert(certificates.authority_pem)
    assert certificates.short_fingerprint == short_fingerprint(der)
    assert certificates.fingerprint.count(":") == 31


def test_a_certificate_of_the_users_own_is_taken_with_its_changes(
    authority: Authority, tmp_path: Path
) -> None:
    authority.issue(NAMES)
    own = NetworkSettings(listen="0.0.0.0", certificate=str(authority.chain), key=str(authority.key))
    certificates = Certificates(Settings(network=own), tmp_path / "unused")
    assert (certificates.authority_pem, certificates.short_fingerprint) == ("", "public")
    authority.issue(NAMES)
    assert certificates.refresh()
    assert not (tmp_path / "unused").exists()


@pytest.mark.parametrize(
    ("network", "told"),
    [
        (NetworkSettings(listen="pi.local"), "an address such as 0.0.0.0"),
        (NetworkSettings(listen="203.0.113.9"), "no address of this machine.*it has .*127.0.0.1"),
        (NetworkSettings(insecure=True), "means nothing without network.listen"),
    ],
    ids=["name", "of another machine", "insecure"],
)
def test_what_cannot_be_listened_to_is_told(network: NetworkSettings, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        listening(Settings(network=network))


def test_a_code_is_whole_or_refused() -> None:
    code = new_code()
    word = join(code, short_fingerprint(b"certificate"))
    assert split(f" {word.upper()} ") == (code, short_fingerprint(b"certificate"))
    for broken in (code, word[:-1], word[1:], "", "-"):
        with pytest.raises(ConfigError, match="not the whole code"):
            split(broken)
