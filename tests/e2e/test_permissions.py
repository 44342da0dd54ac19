"""Who may is answered, and who may not is told so as the protocol says: each role and membership, each operation."""

import asyncio
import re
from dataclasses import dataclass

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
    "mate": {"system": ("system_user",), "team": ("team_user",)},
    "outsider": {"system": ("system_user",)},
    "nobody": {},
}
"""Who asks, with the roles that they have where the operation is about. The member is who wrote what is asked for."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A team with a public and a private channel, each with a post and a file of the member."""

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
            world = World(http, edges, front, admin)
            head, owner, member, mate, outsider, joiner = await world.people(
                "head", "owner", "member", "mate", "outsider", "joiner"
            )
            team = await world.team(head, owner, member, mate, joiner)
            await admin.put(f"/teams/{team['id']}/members/{head.id}/roles", {"roles": "team_user team_admin"})
            channels: dict[str, dict[str, str]] = {}
            for kind, letter in (("public", "O"), ("private", "P")):
                channel = await world.channel(team, owner, member, kind=letter)
                uploaded = await member.rest.send(
                    "POST",
                    "/files",
                    body=SECRET.encode(),
                    params={"channel_id": channel["id"], "filename": "secret.txt"},
                )
                file_id = uploaded.expect(201)["file_infos"][0]["id"]
                post = await say(member.rest, channel["id"], SECRET, file_ids=[file_id])
                channels[kind] = {
                    "channel_id": channel["id"],
                    "channel_name": channel["name"],
                    "post_id": post["id"],
                    "file_id": file_id,
                }
            me = await admin.get("/users/me")
            tokens = {
                "admin": admin.token,
                "team_admin": head.token,
                "owner": owner.token,
                "member": member.token,
                "mate": mate.token,
                "outsider": outsider.token,
                "nobody": "",
            }
            names = {
                "team_id": team["id"],
                "team_name": team["name"],
                "member_id": member.id,
                "member_name": member.username,
                "joiner_id": joiner.id,
                "admin": me["id"],
                "team_admin": head.id,
                "owner": owner.id,
                "member": member.id,
                "mate": mate.id,
                "outsider": outsider.id,
                "nobody": outsider.id,
            }
            return Ground(front, tokens, names, channels)

    return asyncio.run(make())


def _served(row: dict[str, str]) -> bool:
    operation = asked(row["method"], "/api/v4" + row["path"].partition("?")[0])
    assert operation is not None, row
    return operation.key in implemented()


async def _ask(ground: Ground, actor: str, row: dict[str, str], names: dict[str, str]) -> Answer:
    names = {**names, "actor_id": ground.names[actor], "fresh": unique("fresh")}
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        if "{spent_id}" in row["path"]:  # a post for this request alone
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


@pytest.mark.parametrize("actor", ROLES)
@pytest.mark.parametrize("kind", ["public", "private"])
@pytest.mark.parametrize("row", CHANNEL_ROWS, ids=_name)
async def test_what_is_in_a_channel_is_for_whom_it_is(
    ground: Ground, row: dict[str, str], kind: str, actor: str
) -> None:
    facts = {kind, "session", *(("self", "own") if actor == "member" else ("other",))}
    allowed = allows(row["requirement"], ROLES[actor], facts)
    answer = await _ask(ground, actor, row, ground.names | ground.channels[kind])
    # What may be known to be there is refused; what must not be known is not there.
    known = kind == "public"
    _judge(row, answer, allowed, row["public" if known else "private"], actor != "nobody")


@pytest.mark.parametrize("actor", ROLES)
@pytest.mark.parametrize("row", TEAM_ROWS, ids=_name)
async def test_what_is_in_a_team_or_of_a_person_is_for_whom_it_is(
    ground: Ground, row: dict[str, str], actor: str
) -> None:
    facts = {"session", "anyone", *(("self",) if actor == "member" else ())}
    allowed = allows(row["requirement"], ROLES[actor], facts)
    answer = await _ask(ground, actor, row, ground.names | ground.channels["public"])
    _judge(row, answer, allowed, row["refused"], actor != "nobody")
