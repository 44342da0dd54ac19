"""Bodies of requests, as strictly typed as the reference is: a wrong type is refused, an unknown key is ignored.

`null` counts as absent, as it does for the reference.
"""

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

Text = str | None
Strings = dict[str, str] | None


def _decoder(kind: type[T]) -> "msgspec.json.Decoder[T]":
    return msgspec.json.Decoder(kind)


class PostBody(msgspec.Struct):
    """POST /posts and PUT /posts/{post_id}: the whole optimistic post, of which most is the server's matter."""

    id: Text = None
    channel_id: Text = None
    root_id: Text = None
    message: Text = None
    type: Text = None
    props: dict[str, Any] | None = None
    file_ids: list[str] | None = None
    pending_post_id: Text = None
    is_pinned: bool | None = None


class PostPatchBody(msgspec.Struct):
    """PUT /posts/{post_id}/patch."""

    message: Text = None
    props: dict[str, Any] | None = None
    file_ids: list[str] | None = None
    is_pinned: bool | None = None


class DraftBody(msgspec.Struct):
    """POST /drafts."""

    channel_id: Text = None
    root_id: Text = None
    message: Text = None
    type: Text = None
    props: dict[str, Any] | None = None
    file_ids: list[str] | None = None
    priority: dict[str, Any] | None = None


class EmojiBody(msgspec.Struct):
    """The field `emoji` of POST /emoji's form."""

    name: Text = None
    creator_id: Text = None


class EmojiSearchBody(msgspec.Struct):
    """POST /emoji/search."""

    term: Text = None
    prefix_only: bool | str | None = None


class EphemeralBody(msgspec.Struct):
    """POST /posts/ephemeral."""

    user_id: Text = None
    post: PostBody | None = None


class ReactionBody(msgspec.Struct):
    """POST /reactions."""

    user_id: Text = None
    post_id: Text = None
    emoji_name: Text = None


class LoginBody(msgspec.Struct):
    """POST /users/login: every value is a text, whatever it means."""

    login_id: Text = None
    id: Text = None
    password: Text = None
    token: Text = None
    device_id: Text = None


class NewUserBody(msgspec.Struct):
    """POST /users."""

    email: Text = None
    username: Text = None
    password: Text = None
    nickname: Text = None
    first_name: Text = None
    last_name: Text = None
    position: Text = None
    locale: Text = None
    notify_props: Strings = None
    props: Strings = None
    timezone: Strings = None


class UserPatchBody(msgspec.Struct):
    """PUT /users/{user_id}/patch."""

    username: Text = None
    nickname: Text = None
    first_name: Text = None
    last_name: Text = None
    position: Text = None
    email: Text = None
    password: Text = None
    locale: Text = None
    notify_props: Strings = None
    props: Strings = None
    timezone: Strings = None


class UserBody(UserPatchBody):
    """PUT /users/{user_id}: the whole user, of which much is the server's matter."""

    id: Text = None


class ActiveBody(msgspec.Struct):
    """PUT /users/{user_id}/active."""

    active: bool | None = None


class PasswordBody(msgspec.Struct):
    """PUT /users/{user_id}/password."""

    current_password: Text = None
    new_password: Text = None


class UserSearchBody(msgspec.Struct):
    """POST /users/search."""

    term: Text = None
    team_id: Text = None
    not_in_team_id: Text = None
    in_channel_id: Text = None
    not_in_channel_id: Text = None
    without_team: bool | None = None
    allow_inactive: bool | None = None
    role: Text = None
    limit: int | None = None


class TeamBody(msgspec.Struct):
    """POST /teams, and PUT /teams/{team_id}."""

    id: Text = None
    name: Text = None
    display_name: Text = None
    type: Text = None
    description: Text = None
    email: Text = None
    company_name: Text = None
    allowed_domains: Text = None
    allow_open_invite: bool | None = None


class TeamPatchBody(msgspec.Struct):
    """PUT /teams/{team_id}/patch."""

    display_name: Text = None
    description: Text = None
    company_name: Text = None
    allowed_domains: Text = None
    allow_open_invite: bool | None = None


class TeamSearchBody(msgspec.Struct):
    """POST /teams/search; with a page the answer has the total as well."""

    term: Text = None
    page: int | None = None
    per_page: int | None = None


class TeamMemberBody(msgspec.Struct):
    """POST /teams/{team_id}/members."""

    team_id: Text = None
    user_id: Text = None


class ChannelBody(msgspec.Struct):
    """POST /channels, and PUT /channels/{channel_id}."""

    id: Text = None
    team_id: Text = None
    name: Text = None
    display_name: Text = None
    type: Text = None
    header: Text = None
    purpose: Text = None


class ChannelPatchBody(msgspec.Struct):
    """PUT /channels/{channel_id}/patch."""

    name: Text = None
    display_name: Text = None
    header: Text = None
    purpose: Text = None


class ChannelSearchBody(msgspec.Struct):
    """POST /channels/search, /channels/group/search and /teams/{team_id}/channels/search."""

    term: Text = None
    team_ids: list[str] | None = None
    public: bool | None = None
    private: bool | None = None
    deleted: bool | None = None
    include_deleted: bool | None = None
    page: int | None = None
    per_page: int | None = None


class PrivacyBody(msgspec.Struct):
    """PUT /channels/{channel_id}/privacy and /teams/{team_id}/privacy."""

    privacy: Text = None


class RolesBody(msgspec.Struct):
    """PUT /users/{user_id}/roles and …/members/{user_id}/roles: names, separated by spaces."""

    roles: Text = None


class SchemeRolesBody(msgspec.Struct):
    """PUT …/members/{user_id}/schemeRoles."""

    scheme_guest: bool | None = None
    scheme_user: bool | None = None
    scheme_admin: bool | None = None


class CategoryBody(msgspec.Struct):
    """POST and PUT …/channels/categories, and PUT …/channels/categories/{category_id}."""

    id: Text = None
    user_id: Text = None
    team_id: Text = None
    display_name: Text = None
    sorting: Text = None
    muted: bool | None = None
    collapsed: bool | None = None
    channel_ids: list[str] | None = None


class MembersBody(msgspec.Struct):
    """POST /channels/{channel_id}/members: one user, or several."""

    user_id: Text = None
    user_ids: list[str] | None = None
    post_root_id: Text = None


class ViewBody(msgspec.Struct):
    """POST /channels/members/{user_id}/view: what is looked at now, and what was until now."""

    channel_id: Text = None
    prev_channel_id: Text = None
    collapsed_threads_supported: bool | None = None


class SetUnreadBody(msgspec.Struct):
    """POST /users/{user_id}/posts/{post_id}/set_unread."""

    collapsed_threads_supported: bool | None = None


class StatusBody(msgspec.Struct):
    """PUT /users/{user_id}/status; the end of do-not-disturb in SECONDS since the epoch."""

    user_id: Text = None
    status: Text = None
    dnd_end_time: int | None = None


class BotBody(msgspec.Struct):
    """POST /bots, and PUT /bots/{bot_user_id}."""

    username: Text = None
    display_name: Text = None
    description: Text = None


class AccessTokenBody(msgspec.Struct):
    """POST /users/{user_id}/tokens."""

    description: Text = None


class TokenIdBody(msgspec.Struct):
    """POST /users/tokens/revoke, /users/tokens/disable and /users/tokens/enable."""

    token_id: Text = None


class CustomStatusBody(msgspec.Struct):
    """PUT /users/{user_id}/status/custom, and its latest ones to be forgotten; the end as in RFC 3339."""

    emoji: Text = None
    text: Text = None
    duration: Text = None
    expires_at: Text = None


class TypingBody(msgspec.Struct):
    """POST /users/{user_id}/typing."""

    channel_id: Text = None
    parent_id: Text = None


class RevokeBody(msgspec.Struct):
    """POST /users/{user_id}/sessions/revoke."""

    session_id: Text = None


class PreferenceBody(msgspec.Struct):
    """One of PUT /users/{user_id}/preferences and POST /users/{user_id}/preferences/delete."""

    user_id: Text = None
    category: Text = None
    name: Text = None
    value: Text = None


IDS = _decoder(list[str])
POST = _decoder(PostBody)
POST_PATCH = _decoder(PostPatchBody)
PREFERENCES = _decoder(list[PreferenceBody])
DRAFT = _decoder(DraftBody)
EMOJI = _decoder(EmojiBody)
EMOJI_SEARCH = _decoder(EmojiSearchBody)
EPHEMERAL = _decoder(EphemeralBody)
REACTION = _decoder(ReactionBody)
LOGIN = _decoder(LoginBody)
NEW_USER = _decoder(NewUserBody)
USER_PATCH = _decoder(UserPatchBody)
USER = _decoder(UserBody)
ACTIVE = _decoder(ActiveBody)
PASSWORD = _decoder(PasswordBody)
USER_SEARCH = _decoder(UserSearchBody)
REVOKE = _decoder(RevokeBody)
TEAM = _decoder(TeamBody)
TEAM_PATCH = _decoder(TeamPatchBody)
TEAM_MEMBERS = _decoder(list[TeamMemberBody])
TEAM_SEARCH = _decoder(TeamSearchBody)
TEAM_MEMBER = _decoder(TeamMemberBody)
CHANNEL = _decoder(ChannelBody)
CHANNEL_PATCH = _decoder(ChannelPatchBody)
CHANNEL_SEARCH = _decoder(ChannelSearchBody)
PRIVACY = _decoder(PrivacyBody)
ROLES = _decoder(RolesBody)
SCHEME_ROLES = _decoder(SchemeRolesBody)
CATEGORY = _decoder(CategoryBody)
CATEGORIES = _decoder(list[CategoryBody])
MEMBERS = _decoder(MembersBody)
VIEW = _decoder(ViewBody)
SET_UNREAD = _decoder(SetUnreadBody)
NOTIFY_PROPS = _decoder(dict[str, str])
STATUS = _decoder(StatusBody)
BOT = _decoder(BotBody)
ACCESS_TOKEN = _decoder(AccessTokenBody)
TOKEN_ID = _decoder(TokenIdBody)
CUSTOM_STATUS = _decoder(CustomStatusBody)
TYPING = _decoder(TypingBody)
