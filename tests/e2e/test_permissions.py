"""Who may is answered, and who may not is told so as the protocol says: each role and membership, each operation."""

import asyncio
import re
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from tests.conftest import ADMIN
from tests.coverage.operations import asked, implemented
from tests.e2e.client import Answer, Place, Rest, sign_in
from tests.e2e.permissions.rules import allows, table
from tests.e2e.world import World, say, unique

EXPIRED = (401, "api.context.session_expired.app_error")
SECRET = "what only members may read"

ROLES: dict[str, dict[str, tuple[str, ...]]] = {
    "admin": {"system": ("system_user", "system_admin")},
    "team_admin": {"system": ("system_user",), "team": ("team_user", "team_admin")},
    "owner": {"system": ("system_user",), "team": ("team_user",), "channel": ("channel_user", "channel_admin")},
    "member": {"system": ("system_user",), "team": ("team_user",), "channel": ("channel_user",)},
    "guest": {"system": ("system_guest",), "team": ("team_guest",), "channel": ("channel_guest",)},
    "mate": {"system": ("system_user",), "team": ("team_user",)},
    "visitor": {"system": ("system_guest",), "team": ("team_guest",)},
    "outsider": {"system": ("system_user",)},
    "gone": {},
    "nobody": {},
}
"""Who asks, with the roles that they have where the operation is about. The member is who wrote what is asked for.

The visitor is a guest of the team who is in no channel, gone is somebody who was deactivated, nobody has no session.
"""

KINDS: dict[str, frozenset[str]] = {
    "public": frozenset({"public"}),
    "private": frozenset({"private"}),
    "archived": frozenset({"public"}),
    "direct": frozenset(),
    "group": frozenset(),
}
"""What channels there are, and what of them requirements ask about. Of the direct one are owner and member alone."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A team with a public, a private and an archived channel, and a direct and a group one, each with a post and a
    file of the member."""

    place: Place
    tokens: dict[str, str]
    names: dict[str, str]
    """Of the team and of people."""
    channels: dict[str, dict[str, str]]
    """By kind: what stands for the names in paths."""


@pytest.fixture(scope="module")
def ground(edges: tuple[Place, Place], front: Place) -> Ground:
    async def make() -> Ground:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
            admin = await sign_in(http, edges[0], ADMIN["username"], ADMIN["password"])
            return await _furnished(World(http, edges, front, admin))

    return asyncio.run(make())


async def _furnished(world: World) -> Ground:
    admin = world.admin
    cast = ("head", "owner", "member", "mate", "outsider", "joiner", "guest", "visitor", "gone")
    people = dict(zip(cast, await world.people(*cast), strict=True))
    owner, member, guest = people["owner"], people["member"], people["guest"]
    for name in ("guest", "visitor"):
        await admin.post(f"/users/{people[name].id}/demote", expect=200)
    team = await world.team(*(person for name, person in people.items() if name != "outsider"))
    await admin.put(f"/teams/{team['id']}/members/{people['head'].id}/roles", {"roles": "team_user team_admin"})
    made = {
        "public": await world.channel(team, owner, member, guest),
        "private": await world.channel(team, owner, member, guest, kind="P"),
        "archived": await world.channel(team, owner, member, guest),
        "direct": await owner.rest.post("/channels/direct", [owner.id, member.id]),
        "group": await owner.rest.post("/channels/group", [owner.id, member.id, guest.id]),
    }
    channels = {kind: await _written(member.rest, channel) for kind, channel in made.items()}
    await owner.rest.delete(f"/channels/{made['archived']['id']}")
    await admin.put(f"/users/{people['gone'].id}/active", {"active": False})
    names = {"admin": (await admin.get("/users/me"))["id"], "team_admin": people["head"].id}
    names |= {name: person.id for name, person in people.items()} | {"nobody": people["outsider"].id}
    tokens = {"admin": admin.token, "team_admin": people["head"].token, "nobody": ""}
    tokens |= {name: person.token for name, person in people.items()}
    names |= {
        "team_id": team["id"],
        "team_name": team["name"],
        "member_id": member.id,
        "member_name": member.username,
        "joiner_id": people["joiner"].id,
    }
    return Ground(world.front, tokens, names, channels)


async def _written(rest: Rest, channel: dict[str, Any]) -> dict[str, str]:
    """Write a post with a file; what stands for the names in paths."""
    params = {"channel_id": channel["id"], "filename": "secret.txt"}
    uploaded = await rest.send("POST", "/files", body=SECRET.encode(), params=params)
    file_id = uploaded.expect(201)["file_infos"][0]["id"]
    post = await say(rest, channel["id"], SECRET, file_ids=[file_id])
    return {
        "channel_id": channel["id"],
        "channel_name": channel["name"],
        "post_id": post["id"],
        "file_id": file_id,
    }


def _held(actor: str, kind: str) -> dict[str, tuple[str, ...]]:
    """Return the actor's roles where a channel of the kind is concerned."""
    roles = ROLES[actor]
    if kind not in ("direct", "group"):
        return roles
    inside = actor in ("owner", "member") or (kind == "group" and actor == "guest")
    mine = (roles["channel"][0],) if inside else ()
    return {"system": roles.get("system", ()), "channel": mine}


def _served(row: dict[str, str]) -> bool:
    operation = asked(row["method"], "/api/v4" + row["path"].partition("?")[0])
    assert operation is not None, row
    return operation.key in implemented()


async def _ask(ground: Ground, actor: str, row: dict[str, str], names: dict[str, str], *, archived: bool) -> Answer:
    names = {**names, "actor_id": ground.names[actor], "fresh": unique("fresh"), "spent_id": names["post_id"]}
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        if "{spent_id}" in row["path"] and not archived:  # a post for this request alone
            member = Rest(http, ground.place, ground.tokens["member"])
            names["spent_id"] = (await say(member, names["channel_id"], SECRET))["id"]

        def fill(template: str) -> str:
            return re.sub(r"\{(\w+)\}", lambda found: names[found[1]], template)

        rest, body = Rest(http, ground.place, ground.tokens[actor]), row["body"]
        content = "text/plain" if body == "bytes" else "application/json"
        sent = fill(body).encode() if body else None
        return await rest.send(row["method"], fill(row["path"]), body=sent, headers={"Content-Type": content})


def _judge(row: dict[str, str], answer: Answer, allowed: bool, refusal: str, signed_in: bool) -> None:
    if not signed_in and row["requirement"] != "anyone":
        assert answer.refusal == EXPIRED
    elif allowed:
        # A thumbnail of a text and a thread that nobody follows: allowed to ask, and there is none.
        none = answer.status in (400, 404) and ("no_" in answer.error or "not_found" in answer.error)
        assert answer.status < 300 or none, (answer.status, answer.body[:400])
    else:
        status, error = refusal.split()
        assert answer.refusal == (int(status), error), answer.body[:400]
        assert SECRET.encode() not in answer.body


CHANNEL_ROWS = [row for row in table("channels") if _served(row)]
TEAM_ROWS = [row for row in table("teams") if _served(row)]


def _name(row: dict[str, str]) -> str:
    return f"{row['method']} {row['path']}"


SIGNED_IN = [actor for actor in ROLES if actor not in ("gone", "nobody")]


@pytest.mark.parametrize("actor", ROLES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("row", CHANNEL_ROWS, ids=_name)
async def test_what_is_in_a_channel_is_for_whom_it_is(
    ground: Ground, row: dict[str, str], kind: str, actor: str
) -> None:
    if row["where"] == "team" and kind in ("direct", "group"):
        return  # there is no such thing to ask for
    facts = {*KINDS[kind], "session", *(("self", "own") if actor == "member" else ("other",))}
    allowed = allows(row["requirement"], _held(actor, kind), facts)
    archived = kind == "archived"
    answer = await _ask(ground, actor, row, ground.names | ground.channels[kind], archived=archived)
    # What may be known to be there is refused; what must not be known is not there.
    refusal = row["public" if "public" in KINDS[kind] else "private"]
    if archived and row["archived"] and (allowed or row["archived"].startswith("404")):
        allowed, refusal = False, row["archived"]
    _judge(row, answer, allowed, refusal, actor in SIGNED_IN)


@pytest.mark.parametrize("actor", ROLES)
@pytest.mark.parametrize("row", TEAM_ROWS, ids=_name)
async def test_what_is_in_a_team_or_of_a_person_is_for_whom_it_is(
    ground: Ground, row: dict[str, str], actor: str
) -> None:
    of_actor = {"member": ("self",), "guest": ("acquainted",)}.get(actor, ())
    allowed = allows(row["requirement"], ROLES[actor], {"session", "anyone", *of_actor})
    answer = await _ask(ground, actor, row, ground.names | ground.channels["public"], archived=False)
    _judge(row, answer, allowed, row["refused"], actor in SIGNED_IN)
