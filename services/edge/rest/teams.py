"""Teams and who is in them."""

from collections.abc import Sequence
from typing import Final

from aiohttp import web

from services.chassis.errors import DomainError, Reason
from services.chassis.ids import is_valid_id
from services.edge.clients.teams import TeamClient
from services.edge.dialect import requests, teams
from services.edge.dialect.users import listed
from services.edge.rest.kit import PER_PAGE, Call, Route, answer, created, ok
from services.edge.rest.visibility import Visibility

SEARCH_MAX: Final = 1000
"""Teams that one search returns."""


class Teams:
    """The operations on teams."""

    def routes(self) -> Sequence[Route]:
        """Return the route table."""
        return (
            Route("POST", "/teams", self.create),
            Route("GET", "/teams", self.list),
            Route("GET", "/teams/name/{name}", self.by_name),
            Route("GET", "/teams/name/{name}/exists", self.exists),
            Route("GET", "/teams/{team_id}", self.get),
            Route("PUT", "/teams/{team_id}", self.update),
            Route("PUT", "/teams/{team_id}/patch", self.patch),
            Route("PUT", "/teams/{team_id}/privacy", self.set_privacy),
            Route("GET", "/teams/{team_id}/stats", self.stats),
            Route("POST", "/teams/search", self.search),
            Route("GET", "/teams/{team_id}/members", self.members),
            Route("POST", "/teams/{team_id}/members", self.add_member),
            Route("POST", "/teams/{team_id}/members/ids", self.members_by_ids),
            Route("GET", "/teams/{team_id}/members/{user_id}", self.member),
            Route("DELETE", "/teams/{team_id}/members/{user_id}", self.remove_member),
            Route("GET", "/users/{user_id}/teams", self.of_user),
            Route("GET", "/users/{user_id}/teams/members", self.memberships_of_user),
        )

    def __init__(self, client: TeamClient, visibility: Visibility) -> None:
        """`visibility` keeps guests from seeing strangers."""
        self._teams, self._visibility = client, visibility

    async def create(self, call: Call) -> web.StreamResponse:
        """Create a team."""
        body = await call.json(requests.TEAM, "team")
        return created(teams.team_json(await self._teams.create(call.caller, teams.new_team(body))))

    async def list(self, call: Call) -> web.StreamResponse:
        """Return a page of the teams that the caller may find."""
        page, per_page = call.page()
        found = await self._teams.page(call.caller, page, per_page)
        shown = [teams.team_json(team) for team in found.teams]
        if call.flag("include_total_count"):
            return answer({"teams": shown, "total_count": found.total_count})
        return answer(shown)

    async def get(self, call: Call) -> web.StreamResponse:
        """Return a team."""
        return answer(teams.team_json(await self._teams.get(call.caller, team_id=call.id("team_id"))))

    async def by_name(self, call: Call) -> web.StreamResponse:
        """Return a team by name."""
        return answer(teams.team_json(await self._teams.get(call.caller, name=call.name("name"))))

    async def exists(self, call: Call) -> web.StreamResponse:
        """Say whether there is a team of a name that the caller may find."""
        try:
            await self._teams.get(call.caller, name=call.name("name"))
        except DomainError as error:
            if error.reason not in (Reason.TEAM_NOT_FOUND, Reason.PERMISSION_DENIED):
                raise
            return answer({"exists": False})
        return answer({"exists": True})

    async def patch(self, call: Call) -> web.StreamResponse:
        """Change parts of a team."""
        body = await call.json(requests.TEAM_PATCH, "team")
        return answer(teams.team_json(await self._teams.patch(call.caller, teams.patch(body, call.id("team_id")))))

    async def update(self, call: Call) -> web.StreamResponse:
        """Change a team as a whole; its name in addresses is for ever."""
        body = await call.json(requests.TEAM, "team")
        if body.id != call.id("team_id"):
            raise DomainError(Reason.INVALID_ARGUMENT, field="id")
        return answer(teams.team_json(await self._teams.patch(call.caller, teams.update(body, body.id or ""))))

    async def set_privacy(self, call: Call) -> web.StreamResponse:
        """Open a team to everybody, or close it to those who are invited."""
        kind = (await call.json(requests.PRIVACY, "privacy")).privacy or ""
        if kind not in ("O", "I"):
            raise DomainError(Reason.INVALID_ARGUMENT, field="privacy")
        changed = await self._teams.patch(call.caller, teams.privacy(kind, call.id("team_id")))
        return answer(teams.team_json(changed))

    async def stats(self, call: Call) -> web.StreamResponse:
        """Return how many members a team has."""
        team_id = call.id("team_id")
        counted = await self._teams.stats(call.caller, team_id)
        return answer(
            {
                "team_id": team_id,
                "total_member_count": counted.total_member_count,
                "active_member_count": counted.active_member_count,
            }
        )

    async def search(self, call: Call) -> web.StreamResponse:
        """Return teams with a term in a name."""
        body = await call.json(requests.TEAM_SEARCH, "team_search")
        page, per_page = body.page or 0, PER_PAGE if body.per_page is None else body.per_page
        if not (0 <= page < 2**31 and 0 <= per_page <= SEARCH_MAX):
            raise DomainError(Reason.INVALID_ARGUMENT, field="page")
        paged = body.page is not None and body.per_page is not None
        found = await self._teams.search(call.caller, body.term or "", page, per_page if paged else SEARCH_MAX)
        shown = [teams.team_json(team) for team in found.teams]
        return answer({"teams": shown, "total_count": found.total_count} if paged else shown)

    async def members(self, call: Call) -> web.StreamResponse:
        """Return a page of a team's members."""
        found = await self._teams.member_page(call.caller, call.id("team_id"), *call.page())
        return answer([teams.member_json(member) for member in await self._visibility.only(call.caller, found)])

    async def members_by_ids(self, call: Call) -> web.StreamResponse:
        """Return those of some memberships that exist."""
        ids = listed(await call.json(requests.IDS, "user_ids"), "user_ids")
        found = await self._teams.members(call.caller, call.id("team_id"), [*filter(is_valid_id, ids)])
        return answer([teams.member_json(member) for member in await self._visibility.only(call.caller, found)])

    async def member(self, call: Call) -> web.StreamResponse:
        """Return one membership."""
        user_id = call.id("user_id")
        found = await self._teams.members(call.caller, call.id("team_id"), (user_id,))
        await self._visibility.require(call.caller, (user_id,))
        if not found:
            raise DomainError(Reason.TEAM_MEMBER_NOT_FOUND)
        return answer(teams.member_json(found[0]))

    async def add_member(self, call: Call) -> web.StreamResponse:
        """Put a user into a team, or join it oneself."""
        body = await call.json(requests.TEAM_MEMBER, "team_member")
        if body.team_id != call.id("team_id"):
            raise DomainError(Reason.INVALID_ARGUMENT, field="team_id")
        if not is_valid_id(body.user_id or ""):
            raise DomainError(Reason.INVALID_ARGUMENT, field="user_id")
        member = await self._teams.add_member(call.caller, body.team_id or "", body.user_id or "")
        return created(teams.member_json(member))

    async def remove_member(self, call: Call) -> web.StreamResponse:
        """Take a user out of a team, or leave it oneself."""
        await self._teams.remove_member(call.caller, call.id("team_id"), call.id("user_id"))
        return ok()

    async def of_user(self, call: Call) -> web.StreamResponse:
        """Return a user's teams."""
        found = await self._teams.of_user(call.caller, call.id("user_id"))
        return answer([teams.team_json(team) for team in found])

    async def memberships_of_user(self, call: Call) -> web.StreamResponse:
        """Return a user's memberships in all teams."""
        found = await self._teams.memberships_of_user(call.caller, call.id("user_id"))
        return answer([teams.member_json(member) for member in found])
