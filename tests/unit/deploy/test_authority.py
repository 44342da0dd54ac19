"""Certificates say who a process is, are made once, and anew before they end."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from deploy.local import authority

NOW = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    folder = tmp_path / "tls"
    authority.ensure(folder, NOW)
    return folder


def _certificate(directory: Path, identity: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((directory / f"{identity}.pem").read_bytes())


def _names(certificate: x509.Certificate) -> x509.SubjectAlternativeName:
    return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value


@pytest.mark.parametrize("identity", authority.IDENTITIES)
def test_a_certificate_names_its_identity_and_is_signed_by_the_authority(directory: Path, identity: str) -> None:
    certificate = _certificate(directory, identity)
    names = _names(certificate)
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [f"spiffe://chorus/{identity}"]
    assert f"{identity}.chorus.internal" in names.get_values_for_type(x509.DNSName)
    certificate.verify_directly_issued_by(_certificate(directory, "ca"))
    assert stat.S_IMODE((directory / f"{identity}-key.pem").stat().st_mode) == 0o600


def test_envoy_alone_stands_in_for_every_service(directory: Path) -> None:
    wildcard = "*.chorus.internal"
    assert wildcard in _names(_certificate(directory, "envoy")).get_values_for_type(x509.DNSName)
    assert wildcard not in _names(_certificate(directory, "auth")).get_values_for_type(x509.DNSName)


def test_a_second_start_changes_nothing(directory: Path) -> None:
    before = {path: path.read_bytes() for path in directory.iterdir()}
    assert authority.ensure(directory, NOW + timedelta(days=30)) == []
    assert {path: path.read_bytes() for path in directory.iterdir()} == before


def test_certificates_near_their_end_are_renewed_by_the_same_authority(directory: Path) -> None:
    ca = (directory / "ca.pem").read_bytes()
    later = NOW + timedelta(days=350)
    assert authority.ensure(directory, later) == list(authority.IDENTITIES)
    assert (directory / "ca.pem").read_bytes() == ca
    assert _certificate(directory, "auth").not_valid_after_utc > later + timedelta(days=300)


def test_a_new_authority_renews_all(directory: Path) -> None:
    assert authority.ensure(directory, NOW + timedelta(days=3640)) == list(authority.IDENTITIES)


def test_halves_of_different_pairs_are_replaced(directory: Path) -> None:
    (directory / "auth-key.pem").write_bytes((directory / "edge-key.pem").read_bytes())
    assert authority.ensure(directory, NOW) == ["auth"]
