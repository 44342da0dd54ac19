"""Users, in both directions; what of them is shown depends on who looks."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from chorus.auth.v1 import users_pb2
from chorus.messaging.v1 import events_pb2, memberships_pb2
from services.chassis.config.sections import PrivacySettings
from services.chassis.errors import DomainError, Reason
from services.edge.caller import Caller
from services.edge.dialect.requests import NewUserBody, UserBody, UserPatchBody

_SORTS: Final = frozenset(("create_at", "last_activity_at"))
_OMITTED_WHEN_EMPTY: Final = frozenset(
    (
        "create_at",
        "update_at",
        "props",
        "last_picture_update",
        "is_bot",
        "bot_description",
        "mfa_active",
        "notify_props",
        "failed_attempts",
        "email_verified",
        "last_password_update",
    )
)


_UNKNOWN_TO_MESSAGING: Final = frozenset(("position", "timezone", "auth_service"))


class UserShapes:
    """Users as others see them; what that is, the operator decides (PrivacySettings)."""

    def __init__(self, privacy: PrivacySettings) -> None:
        """`privacy` says whether addresses and full names are shown."""
        self._privacy = privacy

    def for_self(self, user: users_pb2.User) -> dict[str, Any]:
        """Return a user as it sees itself."""
        return _shape(
            _public(user, email=True, names=True)
            | _private(user)
            | {"email_verified": user.email_verified, "last_password_update": user.last_password_update_ms}
        )

    def for_admin(self, user: users_pb2.User) -> dict[str, Any]:
        """Return a user as a system administrator sees it."""
        return _shape(_public(user, email=True, names=True) | _private(user))

    def for_others(self, user: users_pb2.User) -> dict[str, Any]:
        """Return a user as everybody else sees it."""
        shown = _public(user, email=self._privacy.ShowEmailAddress, names=self._privacy.ShowFullName)
        return _shape(shown) | {"auth_data": ""}

    def participant(self, user: events_pb2.ThreadParticipant) -> dict[str, Any]:
        """Return somebody who replied, as far as messaging knows: clients keep what else they know of it."""
        known = users_pb2.User(
            id=user.id, username=user.username, nickname=user.nickname, first_name=user.first_name,
            last_name=user.last_name, email=user.email, locale=user.locale, roles=user.roles, is_bot=user.is_bot,
            update_at_ms=user.update_at_ms, delete_at_ms=user.delete_at_ms,
        )  # fmt: skip
        return {name: value for name, value in self.for_others(known).items() if name not in _UNKNOWN_TO_MESSAGING}

    def seen_by(self, caller: Caller, user: users_pb2.User) -> dict[str, Any]:
        """Return a user as the caller may see it."""
        if caller.user_id == user.id:
            return self.for_self(user)
        return self.for_admin(user) if caller.is_admin else self.for_others(user)


def _sorted(texts: Mapping[str, str]) -> dict[str, str]:
    """Return a protobuf map in one order at every edge: each process orders its maps its own way, and tags differed."""
    return dict(sorted(texts.items()))


def _public(user: users_pb2.User, *, email: bool, names: bool) -> dict[str, Any]:
    return {
        "id": user.id,
        "create_at": user.create_at_ms,
        "update_at": user.update_at_ms,
        "delete_at": user.delete_at_ms,
        "username": user.username,
        "auth_service": "",
        "email": user.email if email else "",
        "nickname": user.nickname,
        "first_name": user.first_name if names else "",
        "last_name": user.last_name if names else "",
        "position": user.position,
        "roles": " ".join(user.roles),
        "props": _sorted(user.props),
        "last_picture_update": user.last_picture_update_ms,
        "locale": user.locale,
        "timezone": _sorted(user.timezone) or None,
        "is_bot": user.is_bot,
        "bot_description": user.bot_description,
        "disable_welcome_email": False,
    }


def _private(user: users_pb2.User) -> dict[str, Any]:
    return {
        "auth_service": user.auth_service,
        "notify_props": _sorted(user.notify_props),
        "failed_attempts": user.failed_attempts,
        "mfa_active": user.mfa_active,
    }


def _shape(shown: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in shown.items() if value or name not in _OMITTED_WHEN_EMPTY}


def new_user(body: NewUserBody, *, allow_sign_up: bool = False) -> users_pb2.CreateUserRequest:
    """Return the user that is asked for."""
    return users_pb2.CreateUserRequest(
        email=body.email or "",
        username=body.username or "",
        password=body.password or "",
        nickname=body.nickname or "",
        first_name=body.first_name or "",
        last_name=body.last_name or "",
        position=body.position or "",
        locale=body.locale or "",
        notify_props=body.notify_props or {},
        props=body.props or {},
        timezone=body.timezone or {},
        allow_sign_up=allow_sign_up,
    )


def patch(body: UserPatchBody, user_id: str) -> users_pb2.PatchUserRequest:
    """Return the change that is asked for."""
    request = users_pb2.PatchUserRequest(
        id=user_id,
        username=body.username,
        nickname=body.nickname,
        first_name=body.first_name,
        last_name=body.last_name,
        position=body.position,
        email=body.email,
        locale=body.locale,
        password=body.password or "",
    )
    for name in ("props", "notify_props", "timezone"):
        entries = getattr(body, name)
        if entries is not None:
            getattr(request, name).CopyFrom(users_pb2.StringMap(entries=entries))
    return request


def update(body: UserBody) -> users_pb2.PatchUserRequest:
    """Return the change to a user that is wanted as the body has it: a text that is left out becomes empty."""
    for name in ("username", "nickname", "first_name", "last_name", "position", "email", "locale"):
        if getattr(body, name) is None:
            setattr(body, name, "")
    return patch(body, body.id or "")


def listed(body: list[str], field: str, *, most: int = 1000) -> list[str]:
    """Return the names or ids that a body lists, each once. Raises invalid_argument for none or too many."""
    if not body or len(body) > most:
        raise DomainError(Reason.INVALID_ARGUMENT, field=field)
    return list(dict.fromkeys(body))


def page_request(
    page: int, per_page: int, *, role: str = "", active: bool = False, inactive: bool = False, sort: str = ""
) -> users_pb2.ListUsersRequest:
    """Return the question for a page of all users."""
    return users_pb2.ListUsersRequest(
        page=page,
        per_page=per_page,
        role=role,
        active_only=active,
        inactive_only=inactive,
        sort=sort if sort in _SORTS else "",
    )


def search_request(
    term: str, limit: int, *, match_names: bool, role: str = "", include_inactive: bool = False
) -> users_pb2.SearchUsersRequest:
    """Return the question for users by name; addresses are never searched by."""
    return users_pb2.SearchUsersRequest(
        term=term, limit=limit, match_names=match_names, role=role, include_inactive=include_inactive
    )


def find_request(
    *,
    term: str = "",
    match_names: bool = False,
    in_team: str = "",
    not_in_team: str = "",
    in_channel: str = "",
    not_in_channel: str = "",
    without_team: bool = False,
    roles: Sequence[str] = (),
    include_inactive: bool = False,
    inactive_only: bool = False,
    page: int = 0,
    per_page: int,
    sort: str = "",
) -> memberships_pb2.FindUserIdsRequest:
    """Return the question for users by where they are."""
    return memberships_pb2.FindUserIdsRequest(
        term=term,
        match_names=match_names,
        in_team_id=in_team,
        not_in_team_id=not_in_team,
        in_channel_id=in_channel,
        not_in_channel_id=not_in_channel,
        without_team=without_team,
        roles=roles,
        include_inactive=include_inactive,
        inactive_only=inactive_only,
        page=page,
        per_page=per_page,
        sort=sort if sort == "create_at" else "",
    )
