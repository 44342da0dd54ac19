"""Finding channels, and what is asked of many of them at once."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from aiohttp import web

from services.chassis.errors import DomainError, Reason
from services.chassis.ids import is_valid_id
from services.edge.clients.channel_directory import ChannelDirectoryClient
from services.edge.dialect import channel_directory as dialect
from services.edge.dialect import requests
from services.edge.dialect.channels import channel_json
from services.edge.dialect.teams import team_json
from services.edge.dialect.users import listed
from services.edge.rest.kit import Call, Route, answer, require

_LINES: Final = {"Content-Type": "application/x-ndjson"}


class ChannelDirectory:
    """Reads over many channels."""

    def routes(self) -> Sequence[Route]:
        """Return the route table."""
        return (
            Route("GET", "/teams/{team_id}/channels/autocomplete", self.autocomplete),
            Route("GET", "/teams/{team_id}/channels/search_autocomplete", self.autocomplete_own),
            Route("POST", "/teams/{team_id}/channels/search", self.search),
            Route("GET", "/teams/{team_id}/channels/deleted", self.deleted),
            Route("GET", "/teams/{team_id}/channels/private", self.private),
            Route("POST", "/teams/{team_id}/channels/ids", self.public_by_ids),
            Route("POST", "/channels/search", self.search_everywhere),
            Route("POST", "/channels/group/search", self.search_groups),
            Route("POST", "/channels/stats/member_count", self.member_counts),
            Route("GET", "/channels/{channel_id}/timezones", self.timezones),
            Route("GET", "/channels/{channel_id}/common_teams", self.common_teams),
            Route("GET", "/posts/{post_id}/info", self.place_of_post),
            Route("GET", "/users/{user_id}/channel_members", self.memberships),
        )

    def __init__(self, client: ChannelDirectoryClient) -> None:
        """`client` answers."""
        self._directory = client

    async def autocomplete(self, call: Call) -> web.StreamResponse:
        """Propose a team's open channels and the caller's private ones."""
        question = dialect.in_team(call.id("team_id"), call.query("name"), dialect.OF_TEAM)
        return answer(await self._channels(call, question))

    async def autocomplete_own(self, call: Call) -> web.StreamResponse:
        """Propose channels that the caller is in, direct and group ones included."""
        question = dialect.in_team(call.id("team_id"), call.query("name"), dialect.OWN)
        return answer(await self._channels(call, question))

    async def search(self, call: Call) -> web.StreamResponse:
        """Find a team's open channels."""
        body = await call.json(requests.CHANNEL_SEARCH, "channel_search")
        return answer(await self._channels(call, dialect.of_term(body, dialect.OPEN, call.id("team_id"))))

    async def deleted(self, call: Call) -> web.StreamResponse:
        """Return a page of a team's archived channels: the open ones, and the caller's private ones."""
        console = call.caller.is_admin
        question = dialect.page_of_team(call.id("team_id"), *call.page(), console=console, deleted=True)
        return answer(await self._channels(call, question))

    async def private(self, call: Call) -> web.StreamResponse:
        """Return a page of all of a team's private channels, to administrators."""
        require(call.caller.is_admin, "manage_system")
        question = dialect.page_of_team(call.id("team_id"), *call.page(), console=True, types=("P",))
        return answer(await self._channels(call, question))

    async def public_by_ids(self, call: Call) -> web.StreamResponse:
        """Return those of some channels that are open ones of the team."""
        ids = listed(await call.json(requests.IDS, "channel_ids"), "channel_ids")
        if not all(map(is_valid_id, ids)):
            raise DomainError(Reason.INVALID_ARGUMENT, field="channel_ids")
        found = await self._directory.public(call.caller, call.id("team_id"), ids)
        return answer([channel_json(channel) for channel in found])

    async def search_groups(self, call: Call) -> web.StreamResponse:
        """Find the caller's group channels."""
        body = await call.json(requests.CHANNEL_SEARCH, "channel_search")
        return answer(await self._channels(call, dialect.of_term(body, dialect.GROUPS)))

    async def search_everywhere(self, call: Call) -> web.StreamResponse:
        """Find channels of all teams: every one for the console, else those that the caller could find in each."""
        body = await call.json(requests.CHANNEL_SEARCH, "channel_search")
        question = dialect.everywhere(
            body,
            console=call.flag("system_console", default=True),
            include_deleted=call.flag("include_deleted", default=True),
        )
        found = await self._directory.search(call.caller, question)
        shown = [dialect.with_team_json(one) for one in found.channels]
        return answer({"channels": shown, "total_count": found.total_count} if dialect.is_paged(body) else shown)

    async def member_counts(self, call: Call) -> web.StreamResponse:
        """Return how many members channels have."""
        ids = await call.json(requests.IDS, "channel_ids")
        if len(ids) > dialect.MAX_COUNTED or not all(map(is_valid_id, ids)):
            raise DomainError(Reason.INVALID_ARGUMENT, field="channel_ids")
        return answer(dict(await self._directory.count_members(call.caller, ids)))

    async def timezones(self, call: Call) -> web.StreamResponse:
        """Return the time zones of a channel's members."""
        return answer(list(await self._directory.timezones(call.caller, call.id("channel_id"))))

    async def common_teams(self, call: Call) -> web.StreamResponse:
        """Return the teams that all members of a direct or group channel are in."""
        require(call.caller.sees_everybody, "view_members")
        found = await self._directory.common_teams(call.caller, call.id("channel_id"))
        return answer([team_json(team) for team in found])

    async def place_of_post(self, call: Call) -> web.StreamResponse:
        """Return where a post is, for somebody who follows a link to it."""
        return answer(dialect.post_place_json(await self._directory.locate_post(call.caller, call.id("post_id"))))

    async def memberships(self, call: Call) -> web.StreamResponse:
        """Return a user's memberships in all channels with their teams: a page as a list, or (-1) all, a line each."""
        caller, user_id = call.caller, call.id("user_id")
        if call.query("page", "-1") != "-1":
            page, per_page = call.page()
            # A page of nothing is asked for with 0, which would be everything there.
            found = await self._directory.memberships(caller, user_id, page, per_page) if per_page else ()
            return answer([dialect.member_with_team_json(one) for one in found])
        found = await self._directory.memberships(caller, user_id)
        if not found:  # an empty body would not parse as lines
            return answer([])
        lines = msgspec.json.Encoder().encode_lines(map(dialect.member_with_team_json, found))
        return web.Response(body=lines, headers=_LINES)

    async def _channels(self, call: Call, question: dialect.Question) -> list[dict[str, Any]]:
        found = await self._directory.search(call.caller, question)
        return [channel_json(one.channel) for one in found.channels]
