"""Finding users: lists, search, completion of half-typed names.

Who may not see everybody finds those with whom it shares a channel: the question itself says so, and messaging, which
knows the channels, answers it. So pages are full, and nothing depends on what was found and left out.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from aiohttp import web

from services.chassis.config import Settings
from services.chassis.errors import DomainError, Reason
from services.chassis.ids import is_valid_id
from services.edge.caller import Caller
from services.edge.clients.auth import AuthClient
from services.edge.clients.channels import ChannelClient
from services.edge.clients.members import MemberClient
from services.edge.clients.teams import TeamClient
from services.edge.dialect import requests, users
from services.edge.dialect.users import UserShapes
from services.edge.rest.kit import Call, Route, answer, require

SEARCH_LIMIT: Final = 100
SEARCH_LIMIT_MAX: Final = 1000


class UserDirectory:
    """The operations that find users."""

    def routes(self) -> Sequence[Route]:
        """Return the route table."""
        return (
            Route("GET", "/users", self.list),
            Route("POST", "/users/search", self.search),
            Route("GET", "/users/autocomplete", self.autocomplete),
            Route("GET", "/users/stats", self.stats),
            Route("GET", "/users/known", self.known),
        )

    def __init__(
        self,
        auth: AuthClient,
        members: MemberClient,
        channels: ChannelClient,
        teams: TeamClient,
        shapes: UserShapes,
        settings: Settings,
    ) -> None:
        """Users are auth's; who is where, and so who sees whom, is messaging's."""
        self._auth, self._members, self._channels, self._teams = auth, members, channels, teams
        self._shapes, self._privacy = shapes, settings.PrivacySettings

    async def stats(self, call: Call) -> web.StreamResponse:
        """Return how many users there are that the caller sees."""
        if call.caller.sees_everybody:
            return answer({"total_users_count": await self._auth.count_users()})
        return answer({"total_users_count": 1 + len(await self._members.known_user_ids(call.caller))})

    async def known(self, call: Call) -> web.StreamResponse:
        """Return who else is in any channel of the caller."""
        return answer(list(await self._members.known_user_ids(call.caller)))

    async def list(self, call: Call) -> web.StreamResponse:
        """Return a page of users: of all, of those in or not in a team or channel, or of those in no team."""
        in_team, not_in_team = call.query_id("in_team"), call.query_id("not_in_team")
        in_channel, not_in_channel = call.query_id("in_channel"), call.query_id("not_in_channel")
        without_team = call.flag("without_team")
        caller, (page, per_page) = call.caller, call.page()
        roles = [*filter(None, call.query("roles").split(","))] or [*filter(None, (call.query("role"),))]
        anywhere = not (in_team or not_in_team or in_channel or not_in_channel or without_team)
        if anywhere and caller.sees_everybody and len(roles) <= 1:
            question = users.page_request(
                page,
                per_page,
                role="".join(roles),
                active=call.flag("active"),
                inactive=call.flag("inactive"),
                sort=call.query("sort"),
            )
            return answer([self._shapes.seen_by(caller, user) for user in await self._auth.list_users(question)])
        if without_team:
            require(caller.may("list_users_without_team"), "list_users_without_team")
        await self._require_places(caller, (in_channel, not_in_channel), (in_team, not_in_team))
        found = users.find_request(
            in_team=in_team,
            not_in_team=not_in_team,
            in_channel=in_channel,
            not_in_channel=not_in_channel,
            without_team=without_team,
            roles=roles,
            include_inactive=not call.flag("active"),
            inactive_only=call.flag("inactive"),
            page=page,
            per_page=per_page,
            sort=call.query("sort"),
        )
        return answer(await self._found(caller, found))

    async def search(self, call: Call) -> web.StreamResponse:
        """Return users whose names start with a term, where the caller asks."""
        body = await call.json(requests.USER_SEARCH, "props")
        limit = body.limit or SEARCH_LIMIT  # the Go client says 0 when it has no wish
        if not body.term:
            raise DomainError(Reason.INVALID_ARGUMENT, field="term")
        if not 0 < limit <= SEARCH_LIMIT_MAX:
            raise DomainError(Reason.INVALID_ARGUMENT, field="limit")
        places = (body.team_id, body.not_in_team_id, body.in_channel_id, body.not_in_channel_id)
        if any(place and not is_valid_id(place) for place in places):
            raise DomainError(Reason.INVALID_ARGUMENT, field="props")
        if body.not_in_channel_id and not body.team_id:
            raise DomainError(Reason.INVALID_ARGUMENT, field="team_id")
        in_team, not_in_team, in_channel, not_in_channel = (place or "" for place in places)
        if body.without_team:
            require(call.caller.may("list_users_without_team"), "list_users_without_team")
        elif not any(places):
            inactive = bool(body.allow_inactive)
            return answer(await self._searched(call.caller, body.term, limit, role=body.role or "", inactive=inactive))
        await self._require_places(call.caller, (in_channel, not_in_channel), (in_team, not_in_team))
        found = users.find_request(
            term=body.term,
            match_names=self._names_match(call.caller),
            in_team=in_team,
            not_in_team=not_in_team,
            in_channel=in_channel,
            not_in_channel=not_in_channel,
            without_team=bool(body.without_team),
            roles=(body.role,) if body.role else (),
            include_inactive=bool(body.allow_inactive),
            per_page=limit,
        )
        return answer(await self._found(call.caller, found))

    async def autocomplete(self, call: Call) -> web.StreamResponse:
        """Return whom a half-typed name may mean: in a channel, and outside of it in the team."""
        caller, term = call.caller, call.query("name")
        in_team, in_channel = call.query_id("in_team"), call.query_id("in_channel")
        limit = call.number("limit", SEARCH_LIMIT, most=SEARCH_LIMIT_MAX)
        if in_channel and not in_team:
            raise DomainError(Reason.INVALID_URL_PARAMETER, field="in_team")
        if not in_team:
            return answer({"users": await self._searched(caller, term, limit)})
        await self._require_places(caller, (in_channel,), (in_team,))
        names = self._names_match(caller)
        if not in_channel:
            found = users.find_request(term=term, match_names=names, in_team=in_team, per_page=limit)
            return answer({"users": await self._found(caller, found)})
        inside = users.find_request(term=term, match_names=names, in_channel=in_channel, per_page=limit)
        outside = users.find_request(
            term=term, match_names=names, in_team=in_team, not_in_channel=in_channel, per_page=limit
        )
        shown = {"users": await self._found(caller, inside)}
        if out_of_channel := await self._found(caller, outside):
            shown["out_of_channel"] = out_of_channel
        return answer(shown)

    def _names_match(self, caller: Caller) -> bool:
        """Say whether full names may be searched by: what is hidden must not be guessable."""
        return self._privacy.ShowFullName or caller.is_admin

    async def _searched(
        self, caller: Caller, term: str, limit: int, *, role: str = "", inactive: bool = False
    ) -> Sequence[dict[str, Any]]:
        names = self._names_match(caller)
        if not caller.sees_everybody:
            roles = (role,) if role else ()
            found = users.find_request(
                term=term, match_names=names, roles=roles, include_inactive=inactive, per_page=limit
            )
            return await self._found(caller, found)
        question = users.search_request(term, limit, match_names=names, role=role, include_inactive=inactive)
        return [self._shapes.seen_by(caller, user) for user in await self._auth.search_users(question)]

    async def _found(self, caller: Caller, question: Any) -> Sequence[dict[str, Any]]:
        if not caller.sees_everybody:
            question.visible_to = caller.user_id
        ids = await self._members.find_user_ids(question)
        found = await self._auth.users(ids=ids) if ids else ()
        return [self._shapes.seen_by(caller, user) for user in found]

    async def _require_places(self, caller: Caller, channels: Iterable[str], teams: Iterable[str]) -> None:
        """Refuse to tell who is in a channel or team that the caller may not look into."""
        for channel_id in filter(None, channels):
            await self._channels.require(caller, channel_id, "read_channel")
        for team_id in filter(None, teams):
            await self._teams.require_view(caller, team_id)
