"""An authority and a certificate for localhost, made for one test."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Certificates:
    """PEM files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.authority = folder / "ca.pem"
        self.server = folder / "server.pem"
        self.server_key = folder / "server.key"
        key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        name = _name("Test Authority")
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        authority = _builder(name, name, key.public_key()).add_extension(constraints, critical=True)
        self.authority.write_bytes(_pem(authority.sign(key, hashes.SHA256())))
        names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
        server = _builder(_name("localhost"), name, server_key.public_key()).add_extension(
            names, critical=False
        )
        self.server.write_bytes(_pem(server.sign(key, hashes.SHA256())))
        self.server_key.write_bytes(
            server_key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
