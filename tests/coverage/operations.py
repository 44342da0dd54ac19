"""The operations that clients of the API know, and what each answers."""

import csv
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple
from unittest.mock import MagicMock

from services.chassis.config import Settings
from services.edge.clients.peers import Clients
from services.edge.dialect.client_config import Facts
from services.edge.rest.application import PREFIX
from services.edge.rest.resources import resources
from services.edge.ws.upgrade import PATH

TIERS = ("boot", "core", "admin", "beyond", "licensed", "legacy")
"""In the order in which they matter."""

WEBSOCKET = ("WS", PATH.decode())
"""The key of what is no REST operation."""

NEVER_REFUSED = frozenset(
    (
        ("GET", "/api/v4/config/client"),
        ("GET", "/api/v4/plugins/webapp"),
        ("GET", "/api/v4/system/ping"),
        ("POST", "/api/v4/users/logout"),
    )
)
"""Anybody may ask these anything."""


class Operation(NamedTuple):
    """One operation."""

    method: str
    path: str
    """Whole, with `{names}`."""
    tier: str
    owner: str
    """The service that knows the answer."""
    answer: str
    """The shape of a success, as in tests/coverage/shapes.py; empty where it is not JSON or nobody has said."""

    @property
    def key(self) -> tuple[str, str]:
        """What identifies it."""
        return self.method, self.path


@cache
def operations() -> tuple[Operation, ...]:
    """Return all of them, ordered by path."""
    with Path(__file__).with_name("operations.tsv").open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        next(rows)
        return tuple(Operation(*row) for row in rows)


@cache
def implemented() -> frozenset[tuple[str, str]]:
    """Return the keys of those that the edge serves, from its route tables."""
    facts = Facts(diagnostic_id="d" * 26, no_accounts=True, installed_at_ms=0)
    wired = resources(MagicMock(spec=Clients), MagicMock(), Settings(), facts, MagicMock())
    served = {(route.method, PREFIX + route.path) for resource in wired for route in resource.routes()}
    return frozenset(served | {WEBSOCKET})


@cache
def _by_length() -> dict[tuple[str, int], list[tuple[list[str], Operation]]]:
    found: dict[tuple[str, int], list[tuple[list[str], Operation]]] = {}
    # As the edge does: what is spelled out comes before what a name stands for.
    for operation in sorted(operations(), key=lambda one: [part[:1] == "{" for part in one.path.split("/")]):
        parts = operation.path.split("/")
        found.setdefault((operation.method, len(parts)), []).append((parts, operation))
    return found


def asked(method: str, path: str) -> Operation | None:
    """Return the operation at an address (without its query); None for an address that nobody knows."""
    parts = path.split("/")
    for template, operation in _by_length().get((method, len(parts)), ()):
        if _fits(template, parts):
            return operation
    return None


def _fits(template: Sequence[str], parts: Sequence[str]) -> bool:
    return all(
        (wanted[:1] == "{" and part != "") or wanted == part for wanted, part in zip(template, parts, strict=True)
    )
