"""What the requests are about, made anew now and then: what they are allowed to do wears it out."""

import http.client
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, NamedTuple

from tests.conftest import ADMIN
from tests.e2e.client import SECONDS, Place
from tests.e2e.database import Database
from tests.e2e.fuzz.requests import BOUNDARY, JSON, Request, emoji_form, picture_form
from tests.e2e.world import PASSWORD, unique

FORM = f"multipart/form-data; boundary={BOUNDARY}"
_WORN_OUT = 12
"""Writes after which everything is made anew."""


class Reply(NamedTuple):
    """What came back."""

    status: int
    kind: str
    """The content type."""
    body: bytes


@dataclass(frozen=True, slots=True)
class _Person:
    id: str
    token: str
    roles: str
    """The names of the roles, as the protocol gives them."""


class Ground:
    """A team with channels, posts, a file and the like; and who asks.

    `owner` made it all, `member` is in it, `admin` administers the server and is in nothing.
    """

    def __init__(self, edges: Sequence[Place], database: Database) -> None:
        self._lines = [http.client.HTTPConnection(edge.host, edge.rest_port, timeout=SECONDS) for edge in edges]
        self._fresh = count(1)
        self._writes = self._looked_after = 0
        self._database = database
        self._first = self._sign_in(login_id=ADMIN["username"], password=ADMIN["password"])
        self._meet()
        self._settle()

    def close(self) -> None:
        """Close the connections."""
        for line in self._lines:
            line.close()

    def token(self, who: str) -> str:
        """Return a token of somebody; empty for nobody."""
        return {"owner": self._owner.token, "member": self._member.token, "admin": self._admin.token}.get(who, "")

    def send(self, request: Request, who: str = "owner", turn: int = 0) -> Reply:
        """Send a request to one of the edges; nothing has to be right about it."""
        known = {**self.names, "fresh": f"fuzz{next(self._fresh)}"}
        # From elsewhere: wrong passwords at random would slow down everybody who signs in from here.
        headers = {"Content-Type": request.kind, "X-Forwarded-For": f"192.0.2.{next(self._fresh) % 256}"}
        reply = self._ask(turn, request.method, request.url(known), request.content(known), headers, self.token(who))
        self._writes += request.method not in ("GET", "HEAD") and reply.status < 400
        return reply

    def renew(self, writes: int = _WORN_OUT) -> None:
        """Make everything anew after so many writes, or when a request has ended a session or changed roles."""
        # What was refused changed nothing (the ledger says so), and what reads neither.
        people_changed = self._writes != self._looked_after and not all(map(self._is_as_met, self._people))
        self._looked_after = self._writes
        if people_changed:
            self._meet()
        if people_changed or self._writes >= writes:
            self._settle()

    def _is_as_met(self, person: _Person) -> bool:
        reply = self._ask(0, "GET", "/api/v4/users/me", None, {}, person.token)
        return reply.status == 200 and json.loads(reply.body)["roles"] == person.roles

    def _meet(self) -> None:
        self._owner, self._member, self._third = (self._person(stem) for stem in ("owner", "member", "third"))
        # One who may be unmade, unlike the first of the mesh, whom other tests need.
        self._admin = self._person("admin", ["system_user", "system_admin"])
        self._people = (self._owner, self._member, self._third, self._admin)

    def _person(self, stem: str, roles: Sequence[str] = ("system_user",)) -> _Person:
        name = unique(f"ground{stem}")
        account = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
        user_id = self._do("POST", "/users", account, token=self._first)["id"]
        self._database.write("auth", "UPDATE users SET roles = %s WHERE id = %s", list(roles), user_id)
        return _Person(user_id, self._sign_in(id=user_id, password=PASSWORD), " ".join(roles))

    def _sign_in(self, **attempt: str) -> str:
        line = self._lines[0]
        line.request("POST", "/api/v4/users/login", json.dumps(attempt))
        response = line.getresponse()
        body = response.read()
        assert response.status == 200, body
        return response.headers["Token"]

    def _settle(self) -> None:
        """Make all that is not a person."""
        self._writes = self._looked_after = 0
        self._sign_in(id=self._owner.id, password=PASSWORD)
        owner, other, third = self._owner.id, self._member.id, self._third.id
        team = self._do("POST", "/teams", {"name": unique("ground"), "display_name": "Fuzz", "type": "O"})
        for person in (other, third):
            self._do("POST", f"/teams/{team['id']}/members", {"team_id": team["id"], "user_id": person})
        channel, spare, archived = (self._channel(team["id"]) for _ in range(3))
        self._do("POST", f"/channels/{channel['id']}/members", {"user_id": other})
        self._do("DELETE", f"/channels/{archived['id']}")
        me, them = self._do("GET", "/users/me"), self._do("GET", f"/users/{other}")
        shown, free = (self._do("POST", "/files", picture_form(channel["id"]))["file_infos"][0]["id"] for _ in range(2))
        root = self._say(channel, file_ids=[shown])
        reply = self._say(channel, root_id=root["id"], message=f"@{them['username']}")
        self._do("POST", "/reactions", {"user_id": owner, "post_id": root["id"], "emoji_name": "smile"})
        emoji = self._do("POST", "/emoji", emoji_form(unique("ground"), owner))
        for draft in ({}, {"root_id": root["id"]}):
            self._do("POST", "/drafts", {"channel_id": channel["id"], "message": "half", **draft})
        value = {"user_id": owner, "category": "display_settings", "name": "name", "value": "v"}
        self._do("PUT", "/users/me/preferences", [value])
        place = f"/users/me/teams/{team['id']}/channels/categories"
        box = {"user_id": owner, "team_id": team["id"], "display_name": "Box", "channel_ids": [], "type": "custom"}
        category = self._do("POST", place, box)
        sessions = self._do("GET", "/users/me/sessions")
        self.names: Mapping[str, str] = {
            "archived_id": archived["id"],
            "category_id": category["id"],
            "channel_id": channel["id"],
            "channel_name": channel["name"],
            "direct_id": self._do("POST", "/channels/direct", [owner, other])["id"],
            "email": me["email"],
            "emoji": emoji["name"],
            "emoji_id": emoji["id"],
            "file_id": shown,
            "free_id": free,
            "group_id": self._do("POST", "/channels/group", [owner, other, third])["id"],
            "order": json.dumps(self._do("GET", place)["order"]),
            "other": them["username"],
            "other_id": other,
            "post_id": root["id"],
            "reply_id": reply["id"],
            "role_id": self._do("POST", "/roles/names", ["team_user"])[0]["id"],
            "session_id": max(sessions, key=lambda session: int(session["create_at"]))["id"],
            "spare_id": spare["id"],
            "team_id": team["id"],
            "team_name": team["name"],
            "third_id": third,
            "user_id": owner,
            "username": me["username"],
        }

    def _channel(self, team_id: str) -> Any:
        name = unique("ground")
        return self._do("POST", "/channels", {"team_id": team_id, "name": name, "display_name": "Fuzz", "type": "O"})

    def _say(self, channel: Any, message: str = "hello", **fields: Any) -> Any:
        return self._do("POST", "/posts", {"channel_id": channel["id"], "message": message, **fields})

    def _do(self, method: str, path: str, value: Any = None, token: str | None = None) -> Any:
        """Ask as the owner, for what must be."""
        form = isinstance(value, bytes)
        body = value if form else None if value is None else json.dumps(value).encode()
        headers = {"Content-Type": FORM if form else JSON}
        whose = self._owner.token if token is None else token
        reply = self._ask(0, method, f"/api/v4{path}", body, headers, whose)
        assert reply.status < 400, (method, path, reply)
        return json.loads(reply.body)

    def _ask(
        self, turn: int, method: str, url: str, body: bytes | None, headers: Mapping[str, str], token: str
    ) -> Reply:
        line = self._lines[turn]
        try:
            line.request(method, url, body, {**headers, "Authorization": f"Bearer {token}"} if token else dict(headers))
            response = line.getresponse()
            return Reply(response.status, response.headers.get("Content-Type", ""), response.read())
        except (http.client.HTTPException, OSError):
            line.close()
            raise
