"""The mesh's certificates: read from files, as `chorus`, cert-manager or Istio put them there."""

from pathlib import Path

import grpc


def server_credentials(folder: Path, identity: str) -> grpc.ServerCredentials:
    """Return what a server of `identity` listens with; clients must hold a certificate of the same CA."""
    certificate, key, authority = _read(folder, identity)
    return grpc.ssl_server_credentials([(key, certificate)], root_certificates=authority, require_client_auth=True)


def channel_credentials(folder: Path, identity: str) -> grpc.ChannelCredentials:
    """Return what a client of `identity` connects with."""
    certificate, key, authority = _read(folder, identity)
    return grpc.ssl_channel_credentials(authority, key, certificate)


def _read(folder: Path, identity: str) -> tuple[bytes, bytes, bytes]:
    return (
        (folder / f"{identity}.pem").read_bytes(),
        (folder / f"{identity}-key.pem").read_bytes(),
        (folder / "ca.pem").read_bytes(),
    )
