"""The operations that the edge serves, and requests to each."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import strategies as st

from tests.coverage.operations import WEBSOCKET, Operation, implemented, operations
from tests.coverage.parameters import parameters
from tests.e2e.fuzz import values
from tests.e2e.fuzz.values import Schema
from tests.e2e.world import PASSWORD

JSON = "application/json"
BOUNDARY = "fuzzy-edge-of-a-part"
_BODIES = ("POST", "PUT", "PATCH")
_names = re.compile(r"{(\w+)}")

# Where a parameter means another thing than its name says elsewhere: the first request is right by this.
_HERE: Mapping[str, Mapping[str, Any]] = {
    "DELETE /channels/{channel_id}": {"channel_id": "{spare_id}"},
    "DELETE /posts/{post_id}": {"post_id": "{reply_id}"},
    "DELETE /users/{user_id}/channels/{channel_id}/drafts/{thread_id}": {"thread_id": "{post_id}"},
    "GET /channels/{channel_id}/common_teams": {"channel_id": "{direct_id}"},
    "GET /emoji/name/{emoji_name}": {"emoji_name": "{emoji}"},
    "GET /system/notices/{teamId}": {"teamId": "{team_id}"},
    "GET /teams/name/{name}": {"name": "{team_name}"},
    "GET /teams/name/{name}/exists": {"name": "{team_name}"},
    "GET /analytics/old": {"name": "standard", "team_id": ""},
    "GET /users/username/{username}": {"username": "{other}"},
    "GET /users/email/{email}": {"email": "{email}"},
    "GET /users": {"in_team": "{team_id}", "in_channel": "", "sort": "", "role": "", "roles": "", "channel_roles": ""},
    "GET /users/{user_id}/channels/{channel_id}/posts/unread": {"limit_before": 30, "limit_after": 30},
    "PUT /channels/{channel_id}/members/{user_id}/notify_props": {
        "desktop": "default",
        "email": "default",
        "push": "default",
    },
    "PUT /channels/{channel_id}/members/{user_id}/roles": {"user_id": "{other_id}"},
    "PUT /channels/{channel_id}/members/{user_id}/schemeRoles": {"user_id": "{other_id}", "scheme_user": True},
    "PUT /teams/{team_id}/members/{user_id}/roles": {"user_id": "{other_id}", "roles": "team_user"},
    "PUT /teams/{team_id}/members/{user_id}/schemeRoles": {"user_id": "{other_id}", "scheme_user": True},
    "DELETE /channels/{channel_id}/members/{user_id}": {"user_id": "{other_id}"},
    "DELETE /teams/{team_id}/members/{user_id}": {"user_id": "{other_id}"},
    "POST /channels/{channel_id}/members": {"user_id": "{third_id}"},
    "POST /channels/{channel_id}/members/ids": {"[]": "{other_id}"},
    "POST /channels/direct": {"body": ["{user_id}", "{third_id}"]},
    "POST /channels/group": {"body": ["{user_id}", "{other_id}", "{third_id}"]},
    "POST /channels/members/{user_id}/mark_read": {"[]": "{channel_id}"},
    "POST /channels/stats/member_count": {"[]": "{channel_id}"},
    "POST /channels/{channel_id}/restore": {"channel_id": "{archived_id}"},
    "POST /drafts": {"file_ids": [], "message": "half a thought", "type": ""},
    "POST /emoji": {"emoji": '{"name":"{fresh}","creator_id":"{user_id}"}'},
    "POST /emoji/names": {"[]": "{emoji}"},
    "POST /posts": {"type": "", "file_ids": []},
    "POST /posts/ephemeral": {"type": "", "user_id": "{other_id}"},
    "POST /posts/ids": {"[]": "{post_id}"},
    "POST /posts/ids/reactions": {"[]": "{post_id}"},
    "POST /teams/{team_id}/channels/ids": {"[]": "{channel_id}"},
    "DELETE /users/{user_id}": {"user_id": "{third_id}"},
    "PUT /users/{user_id}/active": {"user_id": "{third_id}", "active": True},
    "POST /users/{user_id}/demote": {"user_id": "{third_id}"},
    "POST /users/{user_id}/promote": {"user_id": "{third_id}"},
    "PUT /users/{user_id}/roles": {"user_id": "{third_id}", "roles": "system_user"},
    "PUT /users/{user_id}/password": {"current_password": PASSWORD, "new_password": PASSWORD},
    "PUT /users/{user_id}": {"id": "{user_id}", "username": "{username}", "email": "{email}", "notify_props": {}},
    "PUT /teams/{team_id}": {"id": "{team_id}"},
    "POST /roles/names": {"[]": "system_user"},
    "POST /teams/{team_id}/members": {"user_id": "{third_id}"},
    "POST /teams/{team_id}/members/ids": {"[]": "{other_id}"},
    "POST /users": {"email": "{fresh}@example.org", "notify_props": {}},
    "POST /users/group_channels": {"[]": "{group_id}"},
    "POST /users/ids": {"[]": "{other_id}"},
    "POST /users/status/ids": {"[]": "{other_id}"},
    "POST /users/usernames": {"[]": "{other}"},
    "POST /users/{user_id}/teams/{team_id}/channels/categories": {"type": "custom", "id": ""},
    "PUT /channels/{channel_id}": {"id": "{channel_id}"},
    "PUT /posts/{post_id}": {"id": "{post_id}"},
    "PUT /posts/{post_id}/patch": {"file_ids": []},
    "PUT /users/{user_id}/patch": {"username": "{username}", "email": "{email}", "password": "", "notify_props": {}},
    "PUT /users/{user_id}/preferences": {"value": "v"},
    "PUT /users/{user_id}/teams/{team_id}/channels/categories": {"id": "{category_id}", "type": "custom"},
    "PUT /users/{user_id}/teams/{team_id}/channels/categories/order": {"body": "{order}"},
    "PUT /users/{user_id}/teams/{team_id}/channels/categories/{category_id}": {"id": "{category_id}", "type": "custom"},
}


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent. Path, query and body have `{names}` in them."""

    method: str
    path: str
    names: Mapping[str, str]
    """What stands for the path's ids."""
    query: Mapping[str, str]
    body: bytes | None
    kind: str = JSON

    def url(self, known: Mapping[str, str]) -> str:
        """The address, behind the host."""
        path = self.path
        for name, value in self.names.items():
            path = path.replace("{" + name + "}", quote(fill(value, known), safe="", errors="surrogatepass"))
        query = {name: fill(value, known) for name, value in self.query.items()}
        return path + (f"?{urlencode(query, errors='surrogatepass')}" if query else "")

    def content(self, known: Mapping[str, str]) -> bytes | None:
        """The body with everything filled in."""
        return self.body if self.body is None else fill(self.body.decode("latin-1"), known).encode("latin-1")


def fill(template: str, known: Mapping[str, str]) -> str:
    """Put what is known in place of its names."""
    return _names.sub(lambda found: known.get(found[1], found[0]), template)


class Target:
    """An operation, and what may be sent to it."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self._short = f"{operation.method} {operation.path.removeprefix('/api/v4')}"
        self._here = _HERE.get(self._short, {})
        self._ids = _names.findall(operation.path)
        mine = parameters().get(operation.key, ())
        self._query = {one.name: one.kind for one in mine if one.where == "query"}
        self._fields = {one.name: one.kind for one in mine if one.where == "form" and one.kind != "file"}
        self._files = [one.name for one in mine if one.where == "form" and one.kind == "file"]
        self._body = _tree([(one.name, one.kind) for one in mine if one.where == "body"])

    def __repr__(self) -> str:
        return self._short

    def right(self) -> Request:
        """A request in which everything is right."""
        names = {name: str(self._rights(name)[0]) for name in self._ids}
        if self._files:
            fields = {name: self._rights(name, kind)[0] for name, kind in self._fields.items()}
            return self._request(names, {}, _form(fields, self._files, _PICTURE))
        query = {name: _text(self._rights(name, kind)[0]) for name, kind in self._query.items()}
        return self._request(names, query, None if self._body is None else _encoded(self._right_body()))

    def requests(self) -> st.SearchStrategy[Request]:
        """Requests in which some is wrong, or all."""

        @st.composite
        def drawn(draw: st.DrawFn) -> Request:
            names = {name: _text(draw(values.near("string", self._here, name))) for name in self._ids}
            query = {
                name: _text(draw(values.near(kind, self._here, name)))
                for name, kind in self._query.items()
                if draw(st.booleans())
            }
            query |= draw(st.dictionaries(st.sampled_from(["page", "per_page"]), values.text, max_size=1))
            return self._request(names, query, draw(self._bodies()))

        return drawn()

    def _bodies(self) -> st.SearchStrategy[bytes | None]:
        if self.operation.method not in _BODIES:
            return st.none()
        raw = st.binary(max_size=60)
        if self._files:
            fields = {name: values.near(kind, self._here, name) for name, kind in self._fields.items()}
            files = st.lists(st.sampled_from(self._files), max_size=2)
            return raw | st.builds(_form, st.fixed_dictionaries({}, optional=fields), files, raw | st.just(_PICTURE))
        near = values.anything if self._body is None else values.near(self._body, self._here)
        if "body" in self._here:
            near = near | st.just(self._here["body"])
        return st.integers(0, 11).flatmap(lambda way: raw if way == 11 else near.map(_encoded))

    def _right_body(self) -> Any:
        return self._here["body"] if "body" in self._here else values.first(self._body, self._here)

    def _rights(self, name: str, kind: str = "string") -> Sequence[Any]:
        return values.right(name, kind, self._here)

    def _request(self, names: Mapping[str, str], query: Mapping[str, str], body: bytes | None) -> Request:
        kind = f"multipart/form-data; boundary={BOUNDARY}" if self._files else JSON
        return Request(self.operation.method, self.operation.path, names, query, body, kind)


_PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c6360000000020001"
    "48afa4710000000049454e44ae426082"
)
"""One grey point, as PNG."""


def picture_form(channel_id: str) -> bytes:
    """A form that uploads a picture to a channel."""
    return _form({"channel_id": channel_id}, ["files"], _PICTURE)


def emoji_form(name: str, creator_id: str) -> bytes:
    """A form that makes a custom emoji."""
    return _form({"emoji": json.dumps({"name": name, "creator_id": creator_id})}, ["image"], _PICTURE)


def targets() -> Sequence[Target]:
    """Return all operations that the edge serves, but the WebSocket."""
    return [Target(one) for one in operations() if one.key in implemented() and one.key != WEBSOCKET]


def _tree(leaves: Sequence[tuple[str, str]]) -> Schema:
    """Return the schema of a body that has these parts; None for no body."""
    if not leaves:
        return None
    if leaves[0][0].startswith("[]"):
        return [_tree([(name.removeprefix("[]").removeprefix("."), kind) for name, kind in leaves])]
    if leaves[0][0] == "":
        return leaves[0][1]
    parts: dict[str, list[tuple[str, str]]] = {}
    for name, kind in leaves:
        head = re.split(r"\.|(?=\[\])", name, maxsplit=1)[0]
        parts.setdefault(head, []).append((name.removeprefix(head).removeprefix("."), kind))
    return {head: _tree(below) for head, below in parts.items()}


def _encoded(value: Any) -> bytes:
    return json.dumps(value).replace('"{order}"', "{order}").encode()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _form(fields: Mapping[str, Any], files: Sequence[str], content: bytes) -> bytes:
    """A multipart form."""
    parts = [
        (f'form-data; name="{name}"', _text(value).encode(errors="surrogatepass")) for name, value in fields.items()
    ]
    parts += [(f'form-data; name="{name}"; filename="a.png"', content) for name in files]
    lines = [
        f"--{BOUNDARY}\r\nContent-Disposition: {about}\r\n\r\n".encode() + value + b"\r\n" for about, value in parts
    ]
    return b"".join(lines) + f"--{BOUNDARY}--\r\n".encode()
