"""The mesh's own certificate authority: who may speak as which part.

Every part proves who it is by a certificate with the URI `spiffe://chorus/<identity>`. Certificates are made once, and
again on a later start when they come near their end.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from deploy.local.secrets import write_private

IDENTITIES = ("auth", "messaging", "presence", "files", "edge", "envoy", "operator")

_AUTHORITY_LIVES = timedelta(days=3650)
_LEAF_LIVES = timedelta(days=397)
_RENEW_BEFORE = timedelta(days=60)
# A clock that is a little behind ours must not find a certificate that is not valid yet.
_BACKDATED = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Pair:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def ensure(directory: Path, now: datetime | None = None) -> Sequence[str]:
    """Make what is missing or near its end; the identities that got a new certificate.

    A new authority makes all certificates new, so processes that run keep the old ones and must be restarted.
    """
    now = now or datetime.now(UTC)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    authority = _read(directory / "ca.pem", directory / "ca-key.pem", now)
    renewed = authority is None
    if authority is None:
        authority = _authority(now)
        _write(directory / "ca.pem", directory / "ca-key.pem", authority)
    made = []
    for identity in IDENTITIES:
        certificate, key = directory / f"{identity}.pem", directory / f"{identity}-key.pem"
        if renewed or _read(certificate, key, now) is None:
            _write(certificate, key, _leaf(identity, authority, now))
            made.append(identity)
    return made


def _read(certificate: Path, key: Path, now: datetime) -> _Pair | None:
    if not (certificate.exists() and key.exists()):
        return None
    loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
    secret = serialization.load_pem_private_key(key.read_bytes(), password=None)
    if loaded.not_valid_after_utc - now < _RENEW_BEFORE or not isinstance(secret, ec.EllipticCurvePrivateKey):
        return None
    # A start that was interrupted between the two files leaves halves of different pairs.
    if loaded.public_key() != secret.public_key():
        return None
    return _Pair(loaded, secret)


def _write(certificate: Path, key: Path, pair: _Pair) -> None:
    pem = pair.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_private(key, pem.decode())
    write_private(certificate, pair.certificate.public_bytes(serialization.Encoding.PEM).decode())


def _authority(now: datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Chorus mesh authority")
    certificate = (
        _certificate(name, name, key, now, _AUTHORITY_LIVES)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _Pair(certificate, key)


def _leaf(identity: str, authority: _Pair, now: datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = authority.certificate
    lives = min(_LEAF_LIVES, issuer.not_valid_after_utc - now)
    certificate = (
        _certificate(_name(identity), issuer.subject, key, now, lives)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        .add_extension(x509.SubjectAlternativeName(_names(identity)), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    return _Pair(certificate, key)


def _names(identity: str) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = [
        x509.UniformResourceIdentifier(f"spiffe://chorus/{identity}"),
        x509.DNSName(f"{identity}.chorus.internal"),
    ]
    if identity == "envoy":
        # Envoy stands in for every service on the mesh listener.
        names += [
            x509.DNSName("*.chorus.internal"),
            x509.DNSName("localhost"),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        ]
    return names


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, lives: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + lives)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
