"""Users: signing up, looking up, changing, searching."""

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
from services.edge.dialect.client_config import VERSION
from services.edge.dialect.pictures import initial
from services.edge.dialect.users import UserShapes
from services.edge.rest.kit import Call, Route, answer, created, tagged
from services.edge.rest.visibility import Visibility

MAX_GROUPS: Final = 1000
SEARCH_LIMIT: Final = 100
SEARCH_LIMIT_MAX: Final = 1000


class Users:
    """The operations on users."""

    def routes(self) -> Sequence[Route]:
        """Return the route table."""
        return (
            Route("POST", "/users", self.create, session=False),
            Route("GET", "/users", self.list),
            Route("POST", "/users/ids", self.by_ids),
            Route("POST", "/users/usernames", self.by_usernames),
            Route("POST", "/users/group_channels", self.by_group_channels),
            Route("POST", "/users/search", self.search),
            Route("GET", "/users/autocomplete", self.autocomplete),
            Route("GET", "/users/stats", self.stats),
            Route("GET", "/users/username/{username}", self.by_username),
            Route("GET", "/users/email/{email}", self.by_email),
            Route("GET", "/users/{user_id}", self.get),
            Route("GET", "/users/{user_id}/image", self.image),
            Route("GET", "/users/{user_id}/image/default", self.image),
            Route("PUT", "/users/{user_id}/patch", self.patch),
        )

    def __init__(
        self,
        auth: AuthClient,
        members: MemberClient,
        channels: ChannelClient,
        teams: TeamClient,
        visibility: Visibility,
        shapes: UserShapes,
        settings: Settings,
    ) -> None:
        """Users are auth's; who is where, and so who sees whom, is messaging's."""
        self._auth, self._members, self._channels, self._teams = auth, members, channels, teams
        self._visibility, self._shapes, self._privacy = visibility, shapes, settings.PrivacySettings

    async def create(self, call: Call) -> web.StreamResponse:
        """Create a user; without a session it is a sign-up."""
        if call.query("t") or call.query("iid"):
            raise DomainError(Reason.NOT_IMPLEMENTED, operation="createUser with an invitation")
        body = await call.json(requests.NEW_USER, "user")
        caller = call.caller if call.session is not None else None
        return created(self._shapes.for_self(await self._auth.create_user(caller, users.new_user(body))))

    async def get(self, call: Call) -> web.StreamResponse:
        """Return a user."""
        user_id = call.id("user_id")
        await self._visibility.require(call.caller, (user_id,))
        return tagged(call, self._shapes.seen_by(call.caller, await self._auth.user(user_id)))

    async def by_username(self, call: Call) -> web.StreamResponse:
        """Return a user by name."""
        try:
            user = await self._auth.user_by_username(call.name("username"))
        except DomainError as error:
            raise _not_found(error, call.caller) from None
        await self._visibility.require(call.caller, (user.id,))
        return tagged(call, self._shapes.seen_by(call.caller, user))

    async def by_email(self, call: Call) -> web.StreamResponse:
        """Return a user by mail address, where addresses are no secret."""
        if not (self._privacy.ShowEmailAddress or call.caller.is_admin):
            raise DomainError(Reason.EMAIL_HIDDEN)
        try:
            user = await self._auth.user_by_email(call.name("email"))
        except DomainError as error:
            raise _not_found(error, call.caller) from None
        await self._visibility.require(call.caller, (user.id,))
        return tagged(call, self._shapes.seen_by(call.caller, user))

    async def by_ids(self, call: Call) -> web.StreamResponse:
        """Return those of some users that exist, are visible, and changed since `since`."""
        ids = users.listed(await call.json(requests.IDS, "user_ids"), "user_ids")
        found = await self._auth.users(ids=list(filter(is_valid_id, ids)), since_ms=call.time("since"))
        return answer(await self._seen(call.caller, found))

    async def by_usernames(self, call: Call) -> web.StreamResponse:
        """Return those of some users that exist and are visible."""
        names = users.listed(await call.json(requests.IDS, "usernames"), "usernames")
        return answer(await self._seen(call.caller, await self._auth.users(usernames=names)))

    async def by_group_channels(self, call: Call) -> web.StreamResponse:
        """Return who else is in those of some channels that are the caller's group channels."""
        asked = users.listed(await call.json(requests.IDS, "channel_ids"), "channel_ids")
        if len(asked) > MAX_GROUPS:
            raise DomainError(Reason.INVALID_ARGUMENT, field="channel_ids")
        groups = await self._members.in_groups(call.caller, list(filter(is_valid_id, asked)))
        ids = sorted({user_id for members in groups.values() for user_id in members})
        found = {user.id: user for user in await self._auth.users(ids=ids)} if ids else {}
        return answer(
            {
                channel_id: [self._shapes.seen_by(call.caller, found[one]) for one in members if one in found]
                for channel_id, members in groups.items()
            }
        )

    async def image(self, call: Call) -> web.StreamResponse:
        """Return a user's picture: the initial of the name, as long as nobody can bring another."""
        user_id = call.id("user_id")
        await self._visibility.require(call.caller, (user_id,))
        user = await self._auth.user(user_id)
        tag = f"{VERSION}.{user.last_picture_update_ms}.{user.username}"
        headers = {"ETag": tag, "Cache-Control": "max-age=300, private"}
        if call.request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=initial(user.username), headers={**headers, "Content-Type": "image/png"})

    async def patch(self, call: Call) -> web.StreamResponse:
        """Change parts of a user."""
        body = await call.json(requests.USER_PATCH, "user")
        user = await self._auth.patch_user(call.caller, users.patch(body, call.id("user_id")))
        return answer(self._shapes.seen_by(call.caller, user))

    async def stats(self, call: Call) -> web.StreamResponse:
        """Return how many users there are."""
        return answer({"total_users_count": await self._auth.count_users()})

    async def list(self, call: Call) -> web.StreamResponse:
        """Return a page of users: of all, or of those in or not in a team or channel."""
        in_team, not_in_team = call.query_id("in_team"), call.query_id("not_in_team")
        in_channel, not_in_channel = call.query_id("in_channel"), call.query_id("not_in_channel")
        page, per_page = call.page()
        sort = call.query("sort")
        if not (in_team or not_in_team or in_channel or not_in_channel):
            question = users.page_request(
                page,
                per_page,
                role=call.query("role") or call.query("roles").partition(",")[0],
                active=call.flag("active"),
                inactive=call.flag("inactive"),
                sort=sort,
            )
            return answer(await self._seen(call.caller, await self._auth.list_users(question)))
        await self._require_places(call.caller, (in_channel, not_in_channel), (in_team, not_in_team))
        found = users.find_request(
            in_team=in_team,
            not_in_team=not_in_team,
            in_channel=in_channel,
            not_in_channel=not_in_channel,
            include_inactive=not call.flag("active"),
            page=page,
            per_page=per_page,
            sort=sort,
        )
        return answer(await self._found(call.caller, found))

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
        if not any(places):
            return answer(await self._searched(call.caller, body.term, limit, inactive=bool(body.allow_inactive)))
        await self._require_places(call.caller, (in_channel, not_in_channel), (in_team, not_in_team))
        found = users.find_request(
            term=body.term,
            match_names=self._names_match(call.caller),
            in_team=in_team,
            not_in_team=not_in_team,
            in_channel=in_channel,
            not_in_channel=not_in_channel,
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
        self, caller: Caller, term: str, limit: int, *, inactive: bool = False
    ) -> Sequence[dict[str, Any]]:
        question = users.search_request(term, limit, match_names=self._names_match(caller), include_inactive=inactive)
        return await self._seen(caller, await self._auth.search_users(question))

    async def _found(self, caller: Caller, question: Any) -> Sequence[dict[str, Any]]:
        ids = await self._members.find_user_ids(question)
        return await self._seen(caller, await self._auth.users(ids=ids) if ids else ())

    async def _seen(self, caller: Caller, found: Sequence[Any]) -> Sequence[dict[str, Any]]:
        """Return users as the caller may see them, without those whom it may not see at all."""
        return [self._shapes.seen_by(caller, user) for user in await self._visibility.only(caller, found, "id")]

    async def _require_places(self, caller: Caller, channels: Iterable[str], teams: Iterable[str]) -> None:
        """Refuse to tell who is in a channel or team that the caller may not look into."""
        for channel_id in filter(None, channels):
            await self._channels.require(caller, channel_id, "read_channel")
        for team_id in filter(None, teams):
            await self._teams.require_view(caller, team_id)


def _not_found(error: DomainError, caller: Caller) -> DomainError:
    """Return the same error; for whoever does not see everybody an unknown user looks like a hidden one."""
    if error.reason is Reason.USER_NOT_FOUND and not caller.sees_everybody:
        return DomainError(Reason.PERMISSION_DENIED, permission="view_members")
    return error
