"""The operations of the slice with what belongs into them, from which the fuzzing makes requests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, with a body and a query that it would take; `{names}` stand for what the fuzzed world has."""

    method: str
    path: str
    body: Mapping[str, Any] | Sequence[Any] | None = None
    query: Mapping[str, str] = field(default_factory=dict)


_PAGE = {"page": "0", "per_page": "20"}

OPERATIONS = (
    Operation(
        "POST", "/users", {"username": "new", "email": "new@example.org", "password": "long enough"}, {"iid": ""}
    ),
    Operation("POST", "/users/login", {"login_id": "nobody", "password": "wrong", "token": "", "device_id": ""}),
    Operation("GET", "/users/{user_id}"),
    Operation("GET", "/users/username/{username}"),
    Operation("GET", "/users/email/{email}"),
    Operation("GET", "/users", None, {**_PAGE, "in_team": "{team_id}", "in_channel": "{channel_id}", "sort": ""}),
    Operation("POST", "/users/ids", ["{user_id}"], {"since": "0"}),
    Operation("POST", "/users/usernames", ["{username}"]),
    Operation(
        "PUT",
        "/users/{user_id}/patch",
        {"nickname": "n", "first_name": "f", "locale": "en", "notify_props": {}, "timezone": {}, "props": {}},
    ),
    Operation("POST", "/users/search", {"term": "fuzz", "team_id": "", "in_channel_id": "", "limit": 10}),
    Operation("GET", "/users/autocomplete", None, {"name": "fuzz", "in_team": "", "in_channel": "", "limit": "10"}),
    Operation("GET", "/users/{user_id}/sessions"),
    Operation("POST", "/users/{user_id}/sessions/revoke", {"session_id": "x" * 26}),
    Operation("GET", "/users/{user_id}/status"),
    Operation("POST", "/users/status/ids", ["{user_id}"]),
    Operation("PUT", "/users/{user_id}/status", {"user_id": "{user_id}", "status": "online", "dnd_end_time": 0}),
    Operation("POST", "/users/{user_id}/typing", {"channel_id": "{channel_id}", "parent_id": ""}),
    Operation("POST", "/teams", {"name": "fuzzed", "display_name": "Fuzzed", "type": "O", "description": ""}),
    Operation("GET", "/teams/{team_id}"),
    Operation("GET", "/teams/name/{team_name}"),
    Operation("GET", "/users/{user_id}/teams"),
    Operation("GET", "/users/{user_id}/teams/members"),
    Operation("GET", "/teams/{team_id}/members", None, _PAGE),
    Operation("GET", "/teams/{team_id}/members/{user_id}"),
    Operation("POST", "/teams/{team_id}/members", {"team_id": "{team_id}", "user_id": "{user_id}"}),
    Operation(
        "POST",
        "/channels",
        {"team_id": "{team_id}", "name": "fuzzed", "display_name": "F", "type": "O", "header": "", "purpose": ""},
    ),
    Operation("POST", "/channels/direct", ["{user_id}", "{other_id}"]),
    Operation("POST", "/channels/group", ["{user_id}", "{other_id}"]),
    Operation("GET", "/channels/{channel_id}"),
    Operation("GET", "/teams/{team_id}/channels/name/{channel_name}", None, {"include_deleted": "false"}),
    Operation("GET", "/users/{user_id}/teams/{team_id}/channels", None, {"last_delete_at": "0"}),
    Operation("PUT", "/channels/{channel_id}/patch", {"display_name": "F", "name": "", "header": "h", "purpose": "p"}),
    Operation("DELETE", "/channels/{spare_id}"),
    Operation("GET", "/channels/{channel_id}/members", None, _PAGE),
    Operation("GET", "/channels/{channel_id}/members/{user_id}"),
    Operation("POST", "/channels/{channel_id}/members", {"user_id": "{other_id}", "post_root_id": ""}),
    Operation("DELETE", "/channels/{channel_id}/members/{other_id}"),
    Operation("POST", "/channels/members/{user_id}/view", {"channel_id": "{channel_id}", "prev_channel_id": ""}),
    Operation("GET", "/users/{user_id}/channels/{channel_id}/unread"),
    Operation("GET", "/channels/{channel_id}/stats", None, {"exclude_files_count": "true"}),
    Operation(
        "POST",
        "/posts",
        {
            "channel_id": "{channel_id}",
            "message": "m",
            "root_id": "",
            "props": {},
            "file_ids": [],
            "pending_post_id": "p",
            "type": "",
            "create_at": 0,
            "metadata": {},
        },
        {"set_online": "true"},
    ),
    Operation("GET", "/posts/{post_id}"),
    Operation("PUT", "/posts/{post_id}/patch", {"message": "n", "props": {}, "is_pinned": False, "file_ids": []}),
    Operation("DELETE", "/posts/{spare_id}"),
    Operation("GET", "/posts/{post_id}/thread", None, {"perPage": "0", "fromPost": "", "direction": "down"}),
    Operation(
        "GET",
        "/channels/{channel_id}/posts",
        None,
        {**_PAGE, "before": "{post_id}", "after": "", "since": "", "include_deleted": "", "collapsedThreads": ""},
    ),
    Operation("POST", "/posts/ephemeral", {"user_id": "{user_id}", "post": {"channel_id": "{channel_id}"}}),
    Operation("POST", "/reactions", {"user_id": "{user_id}", "post_id": "{post_id}", "emoji_name": "smile"}),
    Operation("GET", "/posts/{post_id}/reactions"),
    Operation("DELETE", "/users/{user_id}/posts/{post_id}/reactions/{emoji_name}"),
    Operation("POST", "/files", None, {"channel_id": "{channel_id}", "filename": "f.txt", "client_id": "c"}),
    Operation("GET", "/files/{file_id}", None, {"download": "1"}),
    Operation("GET", "/files/{file_id}/info"),
    Operation("GET", "/files/{file_id}/thumbnail"),
    Operation("GET", "/files/{file_id}/preview"),
    Operation("GET", "/users/{user_id}/teams/{team_id}/channels/categories"),
    Operation(
        "POST",
        "/users/{user_id}/teams/{team_id}/channels/categories",
        {
            "user_id": "{user_id}",
            "team_id": "{team_id}",
            "display_name": "C",
            "channel_ids": ["{channel_id}"],
            "sorting": "alpha",
            "muted": False,
            "collapsed": True,
            "type": "custom",
        },
    ),
    Operation(
        "PUT",
        "/users/{user_id}/teams/{team_id}/channels/categories",
        [{"id": "c", "user_id": "{user_id}", "team_id": "{team_id}", "channel_ids": ["{channel_id}"]}],
    ),
    Operation("PUT", "/users/{user_id}/teams/{team_id}/channels/categories/order", ["x"]),
    Operation("GET", "/users/{user_id}/channel_members", None, _PAGE),
    Operation("GET", "/teams/{team_id}/channels/autocomplete", None, {"name": "f"}),
    Operation("GET", "/teams/{team_id}/channels/search_autocomplete", None, {"name": "f"}),
    Operation("POST", "/teams/{team_id}/channels/search", {"term": "f"}),
    Operation(
        "POST",
        "/channels/search",
        {"term": "f", "team_ids": ["{team_id}"], "public": True, "page": 0, "per_page": 10, "deleted": False},
        {"system_console": "false", "include_deleted": "true"},
    ),
    Operation("POST", "/channels/group/search", {"term": "f"}),
    Operation("POST", "/channels/stats/member_count", ["{channel_id}"]),
    Operation("GET", "/channels/{channel_id}/timezones"),
    Operation("GET", "/channels/{channel_id}/common_teams"),
    Operation("POST", "/channels/{spare_id}/restore"),
    Operation("PUT", "/channels/{channel_id}/privacy", {"privacy": "O"}),
    Operation("PUT", "/channels/{channel_id}/members/{user_id}/roles", {"roles": "channel_user"}),
    Operation("PUT", "/channels/{channel_id}/members/{user_id}/schemeRoles", {"scheme_user": True}),
    Operation("PUT", "/teams/{team_id}/members/{user_id}/roles", {"roles": "team_user"}),
    Operation("PUT", "/teams/{team_id}/members/{user_id}/schemeRoles", {"scheme_user": True, "scheme_admin": True}),
    Operation(
        "POST",
        "/drafts",
        {"channel_id": "{channel_id}", "root_id": "", "message": "d", "props": {}, "file_ids": [], "priority": {}},
    ),
    Operation("GET", "/users/{user_id}/teams/{team_id}/drafts"),
    Operation("DELETE", "/users/{user_id}/channels/{channel_id}/drafts"),
    Operation("DELETE", "/users/{user_id}/channels/{channel_id}/drafts/{post_id}"),
    Operation("GET", "/emoji", None, {**_PAGE, "sort": "name"}),
    Operation("POST", "/emoji", {"name": "e"}),
    Operation("POST", "/emoji/names", ["parrot"]),
    Operation("POST", "/emoji/search", {"term": "e", "prefix_only": True}),
    Operation("GET", "/emoji/autocomplete", None, {"name": "e"}),
    Operation("GET", "/emoji/name/{emoji_name}"),
    Operation("GET", "/emoji/{post_id}/image"),
    Operation("GET", "/system/ping", None, {"get_server_status": "true"}),
    Operation("GET", "/config/client", None, {"format": "old"}),
    Operation("GET", "/license/client", None, {"format": "old"}),
)
