"""Roles, as clients learn what their users may do."""

import hashlib
from typing import Any, Final

from services.chassis.ids import ALPHABET, ID_LENGTH
from services.chassis.permissions import ROLES

_MANAGED: Final = frozenset(
    f"{scope}_{kind}" for scope in ("system", "team", "channel") for kind in ("admin", "user", "guest")
)


def role_json(name: str) -> dict[str, Any]:
    """Return a built-in role. Raises KeyError when there is none of that name."""
    return {
        "id": _role_id(name),
        "name": name,
        "display_name": f"authentication.roles.{name}.name",
        "description": f"authentication.roles.{name}.description",
        "create_at": 0,
        "update_at": 0,
        "delete_at": 0,
        "permissions": sorted(ROLES[name]),
        "scheme_managed": name in _MANAGED,
        "built_in": True,
        "scheme_id": None,
    }


def known_roles(names: list[str]) -> list[dict[str, Any]]:
    """Return those of the roles that exist, each once."""
    return [role_json(name) for name in dict.fromkeys(names) if name in ROLES]


def _role_id(name: str) -> str:
    """Return the role's id: made from its name, so that every edge tells the same without asking anyone."""
    digest = hashlib.sha256(f"role:{name}".encode()).digest()
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in digest[:ID_LENGTH])
