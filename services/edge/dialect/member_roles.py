"""The roles that somebody is to be given."""

from typing import Final

from chorus.messaging.v1 import member_roles_pb2
from services.chassis.errors import DomainError, Reason
from services.edge.dialect.requests import RolesBody, SchemeRolesBody

_MAX_ROLES: Final = 256


def named(body: RolesBody) -> member_roles_pb2.MemberRoles:
    """Return roles by name. Raises invalid_argument."""
    names = body.roles
    if names is None or not names.strip() or len(names) > _MAX_ROLES or "\x00" in names:
        raise DomainError(Reason.INVALID_ARGUMENT, field="roles")
    return member_roles_pb2.MemberRoles(names=names)


def flagged(body: SchemeRolesBody) -> member_roles_pb2.MemberRoles:
    """Return roles by flag."""
    return member_roles_pb2.MemberRoles(
        guest=bool(body.scheme_guest), user=bool(body.scheme_user), admin=bool(body.scheme_admin)
    )
