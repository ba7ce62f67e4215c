"""The hub's own certificate authority, and the certificate that it gives the hub.

Files below ``tls/`` of the data folder, keys 0600: ``ca.pem``, ``ca.key``, ``hub.pem``, ``hub.key``. Boards
trust ``ca.pem``, so that the hub's certificate can be made anew without any of them noticing.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
from collections.abc import Collection
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from heliograph.errors import ConfigError

AUTHORITY_YEARS: Final = 20
CERTIFICATE_DAYS: Final = 90
RENEW_DAYS: Final = 30
"""So many days before its end a certificate is made anew."""
_BACKDATED: Final = dt.timedelta(days=366)
"""A board without a clock of its own begins where it was last switched off: that must not be too early."""
_LONGEST_NAME: Final = 64


class Authority:
    """An authority whose key stays in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.path = folder / "ca.pem"
        self.chain, self.key = folder / "hub.pem", folder / "hub.key"
        """The hub's certificate with the authority's behind it, and its key."""
        self._key_path = folder / "ca.key"

    def open(self, name: str) -> None:
        """Make the authority where there is none; ``name`` is what people see of it.

        Raises:
            ConfigError: its files cannot be read.
        """
        self._folder.mkdir(mode=0o700, exist_ok=True)
        if self.path.exists() and self._key_path.exists():
            self._read()
            return
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(f"Heliograph authority of {name}")
        now = dt.datetime.now(dt.UTC)
        certificate = (
            _builder(subject, subject, key.public_key(), now + dt.timedelta(days=365 * AUTHORITY_YEARS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(is_authority=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, SHA256())
        )
        # the certificate last: it is what says that the key is whole
        _write(self._key_path, _key_pem(key))
        _write(self.path, certificate.public_bytes(Encoding.PEM))

    @property
    def certificate(self) -> x509.Certificate:
        """The authority's own."""
        return self._read()[0]

    def needs_anew(self, names: Collection[str]) -> bool:
        """Return whether the hub needs another certificate: none, soon too old, or for other names."""
        try:
            kept = x509.load_pem_x509_certificate(self.chain.read_bytes())
            load_pem_private_key(self.key.read_bytes(), None)
        except (OSError, ValueError):
            return True
        left = kept.not_valid_after_utc - dt.datetime.now(dt.UTC)
        is_ours = kept.issuer == self.certificate.subject
        return left < dt.timedelta(days=RENEW_DAYS) or not is_ours or names_of(kept) != _normal(names)

    def issue(self, names: Collection[str]) -> None:
        """Make the hub's certificate and key anew, for these names and addresses."""
        authority, signing = self._read()
        key = ec.generate_private_key(ec.SECP256R1())
        until = dt.datetime.now(dt.UTC) + dt.timedelta(days=CERTIFICATE_DAYS)
        alternatives = [_general_name(name) for name in sorted(_normal(names))]
        certificate = (
            _builder(_name("Heliograph hub"), authority.subject, key.public_key(), until)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(is_authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False
            )
            .sign(signing, SHA256())
        )
        # after a crash in between the two do not fit, which needs_anew does not see: the old chain goes first
        self.chain.unlink(missing_ok=True)
        _write(self.key, _key_pem(key))
        _write(self.chain, certificate.public_bytes(Encoding.PEM) + authority.public_bytes(Encoding.PEM))

    def _read(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        try:
            certificate = x509.load_pem_x509_certificate(self.path.read_bytes())
            key = load_pem_private_key(self._key_path.read_bytes(), None)
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"the hub's certificate authority in {self._folder} cannot be read ({error}): restore its"
                " files from a backup, or remove them all, and then enrol every board again"
            ) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ConfigError(f"{self._key_path} is not the key that this hub made")
        return certificate, key


def names_of(certificate: x509.Certificate) -> frozenset[str]:
    """Return the names and addresses that a certificate is for."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return frozenset()
    addresses = (str(address) for address in found.get_values_for_type(x509.IPAddress))
    return frozenset({*found.get_values_for_type(x509.DNSName), *addresses})


def _normal(names: Collection[str]) -> frozenset[str]:
    return frozenset(str(_address(name) or name.lower()) for name in names)


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _general_name(name: str) -> x509.GeneralName:
    address = _address(name)
    return x509.DNSName(name) if address is None else x509.IPAddress(address)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:_LONGEST_NAME])])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, until: dt.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(dt.datetime.now(dt.UTC) - _BACKDATED)
        .not_valid_after(until)
    )


def _usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_suffix(path.suffix + ".tmp")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
