"""Who calls: the trust between services.

Every call comes through Envoy's mesh listener. Envoy verified the caller's certificate and wrote its URI into
`x-forwarded-client-cert`, replacing whatever the caller had sent. A service believes that header from the holder of
Envoy's own certificate and accepts nobody else, so that the one gate is also the one place where identity is decided.
"""

import re
from collections.abc import Iterable
from typing import Any, Final

import grpc

from services.chassis.errors import DomainError, Reason

TRUST_DOMAIN: Final = "spiffe://chorus/"
_ENVOY: Final = (TRUST_DOMAIN + "envoy").encode()
_XFCC: Final = "x-forwarded-client-cert"
_caller_uri = re.compile(r"(?:^|;)URI=spiffe://chorus/([a-z]+)(?:;|$)").search


def require_envoy(context: grpc.aio.ServicerContext[Any, Any]) -> None:
    """Raise caller_refused unless the connection's certificate is Envoy's."""
    if _ENVOY not in context.auth_context().get("x509_subject_alternative_name", ()):
        raise DomainError(Reason.CALLER_REFUSED, caller="not Envoy")


def caller_of(metadata: Iterable[tuple[str, str | bytes]]) -> str:
    """Return the calling service's name, as Envoy tells it. Raises caller_refused when it tells none or several."""
    found = [value for key, value in metadata if key == _XFCC]
    text = found[0] if len(found) == 1 else ""
    if isinstance(text, bytes) or "," in text or (match := _caller_uri(text)) is None:
        raise DomainError(Reason.CALLER_REFUSED, caller="unknown")
    return match.group(1)
