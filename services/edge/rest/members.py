"""Channel members: coming, going, looking, and what they have not seen."""

from collections.abc import Sequence

from aiohttp import web

from services.chassis.errors import DomainError
from services.chassis.ids import is_valid_id
from services.edge.clients.members import MemberClient
from services.edge.dialect import members, requests
from services.edge.dialect.users import listed
from services.edge.rest.kit import Call, Route, answer, created, ok
from services.edge.rest.visibility import Visibility


class Members:
    """The operations on channel members."""

    def routes(self) -> Sequence[Route]:
        """Return the route table."""
        return (
            Route("GET", "/channels/{channel_id}/members", self.list),
            Route("POST", "/channels/{channel_id}/members", self.add),
            Route("POST", "/channels/{channel_id}/members/ids", self.by_ids),
            Route("GET", "/channels/{channel_id}/members/{user_id}", self.get),
            Route("DELETE", "/channels/{channel_id}/members/{user_id}", self.remove),
            Route("POST", "/channels/members/{user_id}/view", self.view),
            Route("POST", "/channels/members/{user_id}/mark_read", self.mark_read),
            Route("GET", "/users/{user_id}/channels/{channel_id}/unread", self.unread),
            Route("POST", "/users/{user_id}/posts/{post_id}/set_unread", self.mark_unread),
            Route("PUT", "/channels/{channel_id}/members/{user_id}/notify_props", self.set_notify_props),
            Route("GET", "/users/{user_id}/teams/{team_id}/channels/members", self.of_user_in_team),
        )

    def __init__(self, client: MemberClient, visibility: Visibility) -> None:
        """`visibility` keeps guests from addressing strangers."""
        self._members, self._visibility = client, visibility

    async def list(self, call: Call) -> web.StreamResponse:
        """Return a page of a channel's members."""
        found = await self._members.page(call.caller, call.id("channel_id"), *call.page())
        return answer([members.member_json(member) for member in found])

    async def by_ids(self, call: Call) -> web.StreamResponse:
        """Return those of some memberships that exist."""
        ids = listed(await call.json(requests.IDS, "user_ids"), "user_ids")
        found = await self._members.get_many(call.caller, call.id("channel_id"), [*filter(is_valid_id, ids)])
        return answer([members.member_json(member) for member in found])

    async def get(self, call: Call) -> web.StreamResponse:
        """Return one membership."""
        member = await self._members.get(call.caller, call.id("channel_id"), call.id("user_id"))
        return answer(members.member_json(member))

    async def add(self, call: Call) -> web.StreamResponse:
        """Put users into a channel, or join it oneself; of several, those who cannot be added are left out."""
        body = await call.json(requests.MEMBERS, "channel_member")
        user_ids = members.added(body)
        await self._visibility.require(call.caller, user_ids)
        results = await self._members.add(call.caller, call.id("channel_id"), user_ids, members.root_of(body))
        made = [members.member_json(result) for result in results if not isinstance(result, DomainError)]
        if not made:
            raise next(result for result in results if isinstance(result, DomainError))
        return created(made[0] if body.user_ids is None else made)

    async def remove(self, call: Call) -> web.StreamResponse:
        """Take a user out of a channel, or leave it oneself."""
        await self._members.remove(call.caller, call.id("channel_id"), call.id("user_id"))
        return ok()

    async def view(self, call: Call) -> web.StreamResponse:
        """Mark what is looked at, and what was until now, as seen."""
        body = await call.json(requests.VIEW, "channel_view")
        times = await self._viewed(call, members.viewed(body), keeps_threads=bool(body.collapsed_threads_supported))
        return answer({"status": "OK", "last_viewed_at_times": times})

    async def _viewed(self, call: Call, ids: Sequence[str], *, keeps_threads: bool) -> dict[str, int]:
        user_id = call.id("user_id")
        # Nothing seen is nothing to say about oneself; about another, whether one may is asked all the same.
        if not ids and user_id == call.caller.user_id:
            return {}
        return await self._members.view(call.caller, user_id, ids, keeps_threads=keeps_threads)

    async def mark_read(self, call: Call) -> web.StreamResponse:
        """Mark many channels as seen."""
        ids = listed(await call.json(requests.IDS, "channel_ids"), "channel_ids")
        times = await self._viewed(call, [*filter(is_valid_id, ids)], keeps_threads=True)
        return answer({"status": "OK", "last_viewed_at_times": times})

    async def mark_unread(self, call: Call) -> web.StreamResponse:
        """Put a channel back to unread from one of its posts on."""
        body = await call.json(requests.SET_UNREAD, "collapsed_threads_supported")
        unread = await self._members.mark_unread(
            call.caller,
            call.id("user_id"),
            call.id("post_id"),
            keeps_threads=bool(body.collapsed_threads_supported),
        )
        return answer(members.marked_unread_json(unread))

    async def set_notify_props(self, call: Call) -> web.StreamResponse:
        """Change how a member is notified of a channel; muting it is one of that."""
        body = await call.json(requests.NOTIFY_PROPS, "notify_props")
        props = members.notify_props(body)
        await self._members.set_notify_props(call.caller, call.id("channel_id"), call.id("user_id"), props)
        return ok()

    async def unread(self, call: Call) -> web.StreamResponse:
        """Return what a user has not seen of a channel."""
        channel_id = call.id("channel_id")
        unread = await self._members.unread(call.caller, call.id("user_id"), channel_id)
        return answer(members.unread_json(channel_id, unread))

    async def of_user_in_team(self, call: Call) -> web.StreamResponse:
        """Return a user's memberships in a team's channels, direct and group ones included."""
        found = await self._members.of_user(call.caller, call.id("user_id"), call.id("team_id"))
        return answer([members.member_json(member) for member in found])
