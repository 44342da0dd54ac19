"""Roles, as clients learn what their users may do."""

import hashlib
from typing import Any, Final

from services.chassis.errors import DomainError, Reason
from services.chassis.ids import ALPHABET, ID_LENGTH
from services.chassis.permissions import ROLES

_MANAGED: Final = frozenset(
    f"{scope}_{kind}" for scope in ("system", "team", "channel") for kind in ("admin", "user", "guest")
)


# Whose texts clients know by another name.
_SHORT: Final = {f"system_{kind}": f"global_{kind}" for kind in ("admin", "user", "guest")}


def role_json(name: str) -> dict[str, Any]:
    """Return a built-in role. Raises role_not_found."""
    if name not in ROLES:
        raise DomainError(Reason.ROLE_NOT_FOUND, by="name")
    shown = _SHORT.get(name, name)
    return {
        "id": _role_id(name),
        "name": name,
        "display_name": f"authentication.roles.{shown}.name",
        "description": f"authentication.roles.{shown}.description",
        "create_at": 0,
        "update_at": 0,
        "delete_at": 0,
        "permissions": sorted(ROLES[name]),
        "scheme_managed": name in _MANAGED or name.startswith(("playbook_", "run_")),
        "built_in": name != "custom_group_user",
        "scheme_id": None,
    }


def role_by_id(role_id: str) -> dict[str, Any]:
    """Return a built-in role. Raises role_not_found."""
    for name in ROLES:
        if _role_id(name) == role_id:
            return role_json(name)
    raise DomainError(Reason.ROLE_NOT_FOUND, by="id")


def all_roles() -> list[dict[str, Any]]:
    """Return every role."""
    return [role_json(name) for name in ROLES]


def known_roles(names: list[str]) -> list[dict[str, Any]]:
    """Return those of the roles that exist, each once."""
    return [role_json(name) for name in dict.fromkeys(names) if name in ROLES]


def _role_id(name: str) -> str:
    """Return the role's id: made from its name, so that every edge tells the same without asking anyone."""
    digest = hashlib.sha256(f"role:{name}".encode()).digest()
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in digest[:ID_LENGTH])
