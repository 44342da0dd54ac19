"""The roles that somebody may be given in a channel or a team."""

from dataclasses import dataclass, replace
from typing import Final

from services.chassis.errors import DomainError, Reason
from services.chassis.permissions import ROLES
from services.messaging.domain.access import Roles

CHANNEL: Final = "channel"
TEAM: Final = "team"


@dataclass(frozen=True, slots=True)
class Asked:
    """Roles that are asked for: by flag, or, when `names` is set, all of them by name."""

    guest: bool = False
    user: bool = False
    admin: bool = False
    names: str | None = None


def given(scope: str, before: Roles, asked: Asked) -> Roles:
    """Return the roles that a member is to have. Raises invalid_member_roles.

    Who is a guest and who is not is decided for a user as a whole, never by a membership.
    """
    after = _named(scope, asked.names) if asked.names is not None else _flagged(before, asked)
    if after.scheme_guest and (after.scheme_user or after.scheme_admin):
        raise _refused(scope, "guest_and_user")
    if after.scheme_guest != before.scheme_guest:
        raise _refused(scope, "changing_guest_role")
    if not after.scheme_user and not after.scheme_guest:
        raise _refused(scope, "unset_user_scheme")
    return after


def _flagged(before: Roles, asked: Asked) -> Roles:
    return replace(before, scheme_guest=asked.guest, scheme_user=asked.user, scheme_admin=asked.admin)


def _named(scope: str, names: str) -> Roles:
    wanted = list(dict.fromkeys(names.split()))
    flags = {f"{scope}_{flag}" for flag in ("guest", "user", "admin")}
    explicit = [name for name in wanted if name not in flags]
    if any(name not in ROLES or not name.startswith(scope) for name in explicit):
        raise _refused(scope, "scheme_role")
    return Roles(
        scheme_guest=f"{scope}_guest" in wanted,
        scheme_user=f"{scope}_user" in wanted,
        scheme_admin=f"{scope}_admin" in wanted,
        explicit_roles=" ".join(explicit),
    )


def _refused(scope: str, fault: str) -> DomainError:
    return DomainError(Reason.INVALID_MEMBER_ROLES, scope=scope, fault=fault)
