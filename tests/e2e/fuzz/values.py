"""Values for the parameters of requests: what would be right, by the parameter's name, and everything else.

`{names}` stand for what the ground has, and are filled in when the request is sent: what is drawn depends on the seed
alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

Schema = Any
"""A kind of parameters.tsv at the leaves; an object is a dict of schemas, a list is a list of the one of its items."""

_IDS = ("{user_id}", "{other_id}", "{team_id}", "{channel_id}", "{spare_id}", "{post_id}", "{reply_id}", "{file_id}")
_YEARS_AHEAD = 4_000_000_000_000  # ms

RIGHT: Mapping[str, Sequence[Any]] = {
    "active": (False, True),
    "after": ("", "{post_id}"),
    "auth_data": ("",),
    "auth_service": ("",),
    "before": ("", "{reply_id}"),
    "category": ("display_settings", "fuzz"),
    "category_id": ("{category_id}",),
    "channel_id": ("{channel_id}", "{spare_id}", "{direct_id}"),
    "channel_ids": ("{channel_id}", "{direct_id}"),
    "channel_name": ("{channel_name}",),
    "create_at": (0, _YEARS_AHEAD),
    "direction": ("down", "up"),
    "display_name": ("{fresh}", "Fuzz"),
    "dnd_end_time": (0, _YEARS_AHEAD // 1000),
    "email": ("{fresh}@example.org", "{email}"),
    "emoji_id": ("{emoji_id}",),
    "emoji_name": ("smile", "{emoji}"),
    "exclude_team": ("", "{team_id}"),
    "file_id": ("{file_id}",),
    "file_ids": ("{file_id}",),
    "filename": ("a.txt", "b.png"),
    "format": ("old",),
    "fromPost": ("", "{post_id}"),
    "id": ("", "{post_id}", "{channel_id}", "{category_id}"),
    "in_channel": ("{channel_id}",),
    "in_channel_id": ("", "{channel_id}"),
    "in_group": ("",),
    "in_group_id": ("",),
    "in_team": ("{team_id}",),
    "limit": (10, 0, 1000),
    "locale": ("en", "de"),
    "login_id": ("{username}", "{email}"),
    "mark_unread": ("all", "mention"),
    "message": ("hello", "@{other} @all", "https://example.org/a.png ![x](y) :smile: #tag ~town-square"),
    "name": ("{fresh}", "fuzz"),
    "not_associated_to_group": ("",),
    "not_in_channel": ("", "{spare_id}"),
    "not_in_channel_id": ("", "{spare_id}"),
    "not_in_team": ("",),
    "not_in_team_id": ("",),
    "page": (0, 1),
    "parent_id": ("", "{post_id}"),
    "password": ("a quiet place to talk", "short"),
    "pending_post_id": ("{fresh}", "fuzz"),
    "per_page": (20, 200, 0),
    "permanent": (False, True),
    "post_id": ("{post_id}", "{reply_id}"),
    "post_root_id": ("", "{post_id}"),
    "preference_name": ("name",),
    "prev_channel_id": ("", "{spare_id}"),
    "privacy": ("O", "P"),
    "role": ("", "system_user", "system_admin"),
    "role_id": ("{role_id}",),
    "role_name": ("team_user", "system_user"),
    "roles": ("channel_user", "channel_user channel_admin", "team_user", "team_user team_admin", "system_admin"),
    "root_id": ("", "{post_id}"),
    "session_id": ("{session_id}",),
    "since": (0, _YEARS_AHEAD),
    "sort": ("", "name", "create_at", "last_activity_at", "status", "admin"),
    "sorting": ("", "alpha", "manual", "recent"),
    "status": ("online", "away", "dnd", "offline"),
    "team_id": ("{team_id}",),
    "team_ids": ("{team_id}",),
    "team_name": ("{team_name}",),
    "teamId": ("{team_id}",),
    "term": ("fuzz", ""),
    "thread_id": ("{post_id}",),
    "timestamp": ("4000000000000", "0"),
    "type": ("O", "P", "", "custom", "system_join_channel"),
    "user_id": ("{user_id}", "{other_id}", "me"),
    "user_ids": ("{other_id}",),
    "username": ("{fresh}", "{username}"),
}
"""By name, wherever it stands; the first one is right at once where nothing says otherwise."""

_BY_KIND: Mapping[str, Sequence[Any]] = {
    "string": ("", "fuzz"),
    "integer": (0, 1, 20, _YEARS_AHEAD),
    "boolean": (False, True),
    "object": ({},),
}

text = (
    st.text(max_size=40)
    | st.sampled_from(["", "x" * 26, "x" * 27, "é" * 26, "me", "null", "\0", "'; --", "%00", "💬" * 70, "\ud800"])
    | st.sampled_from(_IDS)
)
_scalar = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text
anything = st.recursive(
    _scalar, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=6
)


Here = Mapping[str, Any]
"""What is right in one operation: by name, `[]` for the items of a body that is a list."""


def right(name: str, kind: str, here: Here) -> Sequence[Any]:
    """Return values that a parameter may have, the best one first."""
    usual = RIGHT.get(name) or _BY_KIND[kind]
    return (here[name], *usual) if name in here else usual


def first(schema: Schema, here: Here, name: str = "[]") -> Any:
    """Return a value of the schema in which everything is right."""
    if isinstance(schema, str):
        return right(name, schema, here)[0]
    if isinstance(schema, list):
        return here[name] if isinstance(here.get(name), list) else [first(schema[0], here, name)]
    return {
        key: here[key] if isinstance(here.get(key), dict) else first(part, here, key) for key, part in schema.items()
    }


def near(schema: Schema, here: Here, name: str = "[]") -> st.SearchStrategy[Any]:
    """Draw values of the schema: of each part mostly a right one, at times another, or none."""
    if isinstance(schema, str):
        best, *others = right(name, schema, here)
        return _mostly(st.sampled_from([best, best, *others]), text if schema == "string" else anything)
    if isinstance(schema, list):
        return _mostly(st.lists(near(schema[0], here, name), min_size=1, max_size=3), anything)
    whole = {key: near(part, here, key) for key, part in schema.items()}
    return _mostly(st.fixed_dictionaries({}, optional=whole) | st.fixed_dictionaries(whole), anything)


def _mostly(usual: st.SearchStrategy[Any], other: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 11).flatmap(lambda way: other if way == 11 else usual)
