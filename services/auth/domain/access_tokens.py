"""What a personal access token may be, who may have one, and the session of whoever signs in with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.auth.domain.sessions import Session
from services.auth.domain.texts import cleaned, storable
from services.auth.domain.users import User, check_editor
from services.chassis.errors import DomainError, Reason
from services.chassis.permissions import granted

CREATE: Final = "create_user_access_token"
READ: Final = "read_user_access_token"
REVOKE: Final = "revoke_user_access_token"

_DESCRIPTION_LENGTH: Final = 255


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token, without its secret."""

    id: str
    user_id: str
    description: str
    is_active: bool


def described(description: str) -> str:
    """Return what a token is for. Raises invalid_access_token."""
    text = cleaned(description)
    if not text or len(text) > _DESCRIPTION_LENGTH or not storable(text):
        raise DomainError(Reason.INVALID_ACCESS_TOKEN, field="description")
    return text


def check(permission: str, actor_id: str, roles: Sequence[str], target: User | None, target_id: str) -> User:
    """Return the token's user if the actor may do this with its tokens. Raises permission_denied, user_not_found."""
    if not granted(roles, permission):
        raise DomainError(Reason.PERMISSION_DENIED, permission=permission)
    return check_editor(actor_id, tuple(roles), target, target_id)


def session(token: AccessToken, roles: tuple[str, ...], now: int) -> Session:
    """Return the session of a request with the token: it lasts as long as the token, and is ended by its id."""
    props = {"type": "UserAccessToken", "user_access_token_id": token.id}
    return Session(token.id, token.user_id, now, 0, now, "", props, roles)
