"""What an account is allowed in the whole system, and who may change that."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.auth.domain.users import MEMBER, User, is_admin
from services.chassis.errors import DomainError, Reason
from services.chassis.permissions import ROLES, granted

GUEST: Final = ("system_guest",)
_LICENSED: Final = frozenset(("system_manager", "system_user_manager", "system_read_only_admin"))
"""Roles that exist by name, and hold nothing without a licence."""
_OF_USERS: Final = frozenset(name for name in ROLES if name.startswith("system_")) | {"custom_group_user"}


@dataclass(frozen=True, slots=True)
class AccountRules:
    """TeamSettings, ServiceSettings and GuestAccountsSettings, as far as they say what becomes of accounts."""

    guests: bool
    """GuestAccountsSettings.Enable."""
    self_deactivation: bool
    """EnableUserDeactivation."""
    end_sessions: bool
    """TerminateSessionsOnPasswordChange."""


def require(allowed: bool, permission: str) -> None:
    """Raise permission_denied unless `allowed`."""
    if not allowed:
        raise DomainError(Reason.PERMISSION_DENIED, permission=permission)


def is_guest(user: User) -> bool:
    """Say whether the user is a guest, who sees only the channels it is in."""
    return "system_guest" in user.roles


def with_roles(user: User, names: Sequence[str]) -> User:
    """Return the user with all these system roles and no others. Raises invalid_user_roles, invalid_argument(roles).

    Who is a guest is not for roles to change: memberships would have to follow.
    """
    roles = tuple(dict.fromkeys(names))
    for name in roles:
        if name in _LICENSED:
            raise DomainError(Reason.INVALID_USER_ROLES, fault="license")
        if name not in _OF_USERS:
            raise DomainError(Reason.INVALID_USER_ROLES, fault="unknown")
    guest = "system_guest" in roles
    if guest != is_guest(user) or (guest and roles != GUEST):
        raise DomainError(Reason.INVALID_ARGUMENT, field="roles")
    return user if set(roles) == set(user.roles) else replace(user, roles=roles)


def demoted(user: User) -> User:
    """Return the user as a guest. Raises already_guest."""
    if is_guest(user):
        raise DomainError(Reason.ALREADY_GUEST)
    return replace(user, roles=GUEST)


def promoted(user: User) -> User:
    """Return the guest as a member. Raises not_a_guest."""
    if not is_guest(user):
        raise DomainError(Reason.NOT_A_GUEST)
    return replace(user, roles=MEMBER)


def with_picture(user: User, now: int, *, own: bool) -> User:
    """Return the user with a picture of its own, or with the default one, which clients know by a time below 0."""
    at = max(now, abs(user.last_picture_update) + 1)  # clients fetch what has another time
    return replace(user, last_picture_update=at if own else -at)


def require_power_over(target: User, roles: Sequence[str]) -> None:
    """Raise permission_denied where an administrator is concerned, unless the actor is one."""
    require(not is_admin(target.roles) or granted(roles, "manage_system"), "manage_system")


def require_activation(
    actor_id: str, roles: Sequence[str], target_id: str, *, active: bool, rules: AccountRules
) -> None:
    """Raise unless the actor may let the user in or keep it out: activation_denied, deactivation_disabled."""
    if actor_id == target_id and not active:
        if not rules.self_deactivation:
            raise DomainError(Reason.DEACTIVATION_DISABLED)
    elif not granted(roles, "sysconsole_write_user_management_users"):
        raise DomainError(Reason.ACTIVATION_DENIED)


def require_password_change(actor_id: str, roles: Sequence[str], target: User | None, target_id: str) -> None:
    """Raise password_of_other unless it is the actor's own, or it may set those of others."""
    concerns_admin = target is not None and is_admin(target.roles)
    permission = "manage_system" if concerns_admin else "sysconsole_write_user_management_users"
    if actor_id != target_id and not granted(roles, permission):
        raise DomainError(Reason.PASSWORD_OF_OTHER)
