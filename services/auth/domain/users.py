"""What a user is, which values it may have, and what a change makes of it.

Limits and defaults are the client contract's (shapes, section 1).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from services.auth.domain.texts import cleaned, storable
from services.chassis.errors import DomainError, Reason
from services.chassis.permissions import granted

ADMIN: Final = ("system_admin", "system_user")
MEMBER: Final = ("system_user",)
RESERVED: Final = frozenset({"all", "channel", "matterbot", "system"})

NOTIFY_DEFAULTS: Final[Mapping[str, str]] = {
    "email": "true",
    "push": "mention",
    "desktop": "mention",
    "desktop_sound": "true",
    "mention_keys": "",
    "channel": "true",
    "push_status": "online",
    "comments": "never",
    "first_name": "false",
    "desktop_threads": "all",
    "email_threads": "all",
    "push_threads": "all",
}
TIMEZONE_DEFAULTS: Final[Mapping[str, str]] = {
    "useAutomaticTimezone": "true",
    "automaticTimezone": "",
    "manualTimezone": "",
}

_NAME_LENGTH: Final = 64
_POSITION_LENGTH: Final = 128
_EMAIL_LENGTH: Final = 128
_LOCALE_LENGTH: Final = 5
# Lengths of the maps as JSON: what the reference's columns hold.
_PROPS_LENGTH: Final = 4000
_NOTIFY_LENGTH: Final = 2000
_TIMEZONE_LENGTH: Final = 256

_is_username = re.compile(r"[a-z0-9._-]{1,64}").fullmatch
_ATOM: Final = r"""[^\s\x00-\x20\x7f()<>\[\]:;@\\,".]+"""
_is_email = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_ATOM}(?:\.{_ATOM})*").fullmatch
_is_locale = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,3})?|[A-Za-z]{5}").fullmatch


@dataclass(frozen=True, slots=True)
class User:
    """A person or a bot; times in ms since the epoch, 0 for never."""

    id: str
    create_at: int
    update_at: int
    username: str
    email: str
    delete_at: int = 0
    email_verified: bool = False
    nickname: str = ""
    first_name: str = ""
    last_name: str = ""
    position: str = ""
    roles: tuple[str, ...] = MEMBER
    props: Mapping[str, str] = field(default_factory=dict)
    notify_props: Mapping[str, str] = field(default_factory=dict)
    timezone: Mapping[str, str] = field(default_factory=dict)
    locale: str = "en"
    last_password_update: int = 0
    last_picture_update: int = 0
    failed_attempts: int = 0
    is_bot: bool = False
    bot_description: str = ""
    mfa_active: bool = False
    auth_service: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a new user says of itself; empty means the default."""

    username: str
    email: str
    password: str = field(repr=False)
    nickname: str = ""
    first_name: str = ""
    last_name: str = ""
    position: str = ""
    locale: str = ""
    props: Mapping[str, str] = field(default_factory=dict)
    notify_props: Mapping[str, str] = field(default_factory=dict)
    timezone: Mapping[str, str] = field(default_factory=dict)
    email_verified: bool = False


@dataclass(frozen=True, slots=True)
class Patch:
    """What to change; None keeps what there is. Maps replace the whole map."""

    username: str | None = None
    email: str | None = None
    nickname: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    position: str | None = None
    locale: str | None = None
    props: Mapping[str, str] | None = None
    notify_props: Mapping[str, str] | None = None
    timezone: Mapping[str, str] | None = None


def normalized(name: str) -> str:
    """Return a username or address as it is stored and looked up."""
    return name.strip().lower()


def new_user(draft: Draft, user_id: str, default_locale: str) -> User:
    """Return the user that a draft describes, without times and special roles. Raises invalid_user(field)."""
    user = User(
        id=user_id,
        create_at=0,
        update_at=0,
        username=normalized(draft.username),
        email=normalized(draft.email),
        email_verified=draft.email_verified,
        nickname=cleaned(draft.nickname),
        first_name=cleaned(draft.first_name),
        last_name=cleaned(draft.last_name),
        position=cleaned(draft.position),
        locale=draft.locale or default_locale,
        props=draft.props,
        notify_props=draft.notify_props or NOTIFY_DEFAULTS,
        timezone=draft.timezone or TIMEZONE_DEFAULTS,
    )
    check(user)
    return user


def patched(user: User, patch: Patch) -> User:
    """Return the user as the patch makes it. Raises invalid_user(field).

    A new address is an unverified one; a new username replaces the old one among the words that notify.
    """
    changes: dict[str, object] = {}
    for name in ("nickname", "first_name", "last_name", "position"):
        text = getattr(patch, name)
        if text is not None:
            changes[name] = cleaned(text)
    for name in ("locale", "props", "notify_props", "timezone"):
        value = getattr(patch, name)
        if value is not None:
            changes[name] = value
    if patch.email is not None and (email := normalized(patch.email)) != user.email:
        changes |= {"email": email, "email_verified": False}
    if patch.username is not None and (username := normalized(patch.username)) != user.username:
        notify = patch.notify_props if patch.notify_props is not None else user.notify_props
        changes |= {"username": username, "notify_props": _mentioned_as(notify, user.username, username)}
    changed = replace(user, **changes)  # type: ignore[arg-type]
    check(changed)
    return changed


def _mentioned_as(notify: Mapping[str, str], old: str, new: str) -> Mapping[str, str]:
    keys = notify.get("mention_keys", "")
    renamed = {old: new, f"@{old}": f"@{new}"}
    replaced = ",".join(renamed.get(key.strip().lower(), key) for key in keys.split(","))
    return notify if replaced == keys else {**notify, "mention_keys": replaced}


def check(user: User) -> None:
    """Raise invalid_user(field) for the first value that a user may not have."""
    faults = {
        "username": not _is_username(user.username) or user.username in RESERVED,
        "email": len(user.email) > _EMAIL_LENGTH or not _is_email(user.email),
        "nickname": len(user.nickname) > _NAME_LENGTH or not storable(user.nickname),
        "first_name": len(user.first_name) > _NAME_LENGTH or not storable(user.first_name),
        "last_name": len(user.last_name) > _NAME_LENGTH or not storable(user.last_name),
        "position": len(user.position) > _POSITION_LENGTH or not storable(user.position),
        "locale": bool(user.locale) and (len(user.locale) > _LOCALE_LENGTH or not _is_locale(user.locale)),
        "props": not _fits(user.props, _PROPS_LENGTH),
        "notify_props": not _fits(user.notify_props, _NOTIFY_LENGTH),
        "timezone": not _fits(user.timezone, _TIMEZONE_LENGTH),
    }
    for name, wrong in faults.items():
        if wrong:
            raise DomainError(Reason.INVALID_USER, field=name)


def _fits(entries: Mapping[str, str], length: int) -> bool:
    return len(json.dumps(dict(entries), ensure_ascii=False)) <= length and all(
        storable(key) and storable(value) for key, value in entries.items()
    )


def is_admin(roles: tuple[str, ...]) -> bool:
    """Say whether these system roles may do everything."""
    return granted(roles, "manage_system")


def check_editor(actor_id: str, roles: tuple[str, ...], target: User | None, target_id: str) -> User:
    """Return the target if the actor may act on it ("self or editor").

    Raises permission_denied, or user_not_found to those who may know that there is no such user.
    """
    if is_admin(roles) or (target is not None and actor_id == target_id and not target.is_bot):
        allowed = True
    elif target is not None and target.is_bot:
        allowed = granted(roles, "manage_others_bots")
    else:
        allowed = granted(roles, "edit_other_users") and (target is None or not is_admin(target.roles))
    if not allowed:
        raise DomainError(Reason.PERMISSION_DENIED, permission="edit_other_users")
    if target is None:
        raise DomainError(Reason.USER_NOT_FOUND)
    return target
