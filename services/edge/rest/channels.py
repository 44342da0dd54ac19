"""Channels."""

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from services.chassis.errors import DomainError, Reason
from services.chassis.ids import is_valid_id
from services.edge.clients.channels import ChannelClient
from services.edge.dialect import channels, requests
from services.edge.rest.kit import Call, Route, answer, created, ok, tagged
from services.edge.rest.visibility import Visibility


class Channels:
    """The operations on channels."""

    def routes(self) -> Sequence[Route]:
        """Return the route table."""
        return (
            Route("POST", "/channels", self.create),
            Route("POST", "/channels/direct", self.create_direct),
            Route("POST", "/channels/group", self.create_group),
            Route("GET", "/channels/{channel_id}", self.get),
            Route("PUT", "/channels/{channel_id}", self.update),
            Route("DELETE", "/channels/{channel_id}", self.delete),
            Route("PUT", "/channels/{channel_id}/patch", self.patch),
            Route("POST", "/channels/{channel_id}/restore", self.restore),
            Route("PUT", "/channels/{channel_id}/privacy", self.set_privacy),
            Route("GET", "/channels/{channel_id}/stats", self.stats),
            Route("GET", "/teams/{team_id}/channels", self.public),
            Route("GET", "/teams/{team_id}/channels/name/{channel_name}", self.by_name),
            Route("GET", "/teams/name/{team_name}/channels/name/{channel_name}", self.by_names),
            Route("GET", "/users/{user_id}/channels", self.of_user),
            Route("GET", "/users/{user_id}/teams/{team_id}/channels", self.of_user_in_team),
        )

    def __init__(self, client: ChannelClient, visibility: Visibility) -> None:
        """`visibility` keeps guests from addressing strangers."""
        self._channels, self._visibility = client, visibility

    async def create(self, call: Call) -> web.StreamResponse:
        """Create an open or private channel."""
        body = await call.json(requests.CHANNEL, "channel")
        return created(channels.channel_json(await self._channels.create(call.caller, channels.new_channel(body))))

    async def create_direct(self, call: Call) -> web.StreamResponse:
        """Return the channel of two users, made if need be."""
        user_ids = await call.json(requests.IDS, "user_ids")
        if len(user_ids) != 2 or not all(map(is_valid_id, user_ids)):
            raise DomainError(Reason.DIRECT_CHANNEL_USERS)
        await self._visibility.require(call.caller, user_ids)
        return created(channels.channel_json(await self._channels.create_direct(call.caller, user_ids)))

    async def create_group(self, call: Call) -> web.StreamResponse:
        """Return the channel of several users, made if need be."""
        user_ids = await call.json(requests.IDS, "user_ids")
        if len(user_ids) > 1000:  # the contract's bound; the operation's own is eight
            raise DomainError(Reason.GROUP_CHANNEL_SIZE)
        if not all(map(is_valid_id, user_ids)):
            raise DomainError(Reason.INVALID_ARGUMENT, field="user_ids")
        await self._visibility.require(call.caller, user_ids)
        return created(channels.channel_json(await self._channels.create_group(call.caller, user_ids)))

    async def get(self, call: Call) -> web.StreamResponse:
        """Return a channel."""
        return answer(channels.channel_json(await self._channels.get(call.caller, call.id("channel_id"))))

    async def by_name(self, call: Call) -> web.StreamResponse:
        """Return a channel by name, in a team given by id."""
        channel = await self._channels.by_name(
            call.caller,
            call.name("channel_name"),
            team_id=call.id("team_id"),
            include_deleted=call.flag("include_deleted"),
        )
        return answer(channels.channel_json(channel))

    async def by_names(self, call: Call) -> web.StreamResponse:
        """Return a channel by name, in a team given by name."""
        channel = await self._channels.by_name(
            call.caller,
            call.name("channel_name"),
            team_name=call.name("team_name"),
            include_deleted=call.flag("include_deleted"),
        )
        return answer(channels.channel_json(channel))

    async def patch(self, call: Call) -> web.StreamResponse:
        """Change parts of a channel."""
        body = await call.json(requests.CHANNEL_PATCH, "channel")
        channel = await self._channels.patch(call.caller, channels.patch(body, call.id("channel_id")))
        return answer(channels.channel_json(channel))

    async def update(self, call: Call) -> web.StreamResponse:
        """Give a channel a new state."""
        body = await call.json(requests.CHANNEL, "channel")
        channel = await self._channels.patch(call.caller, channels.update(body, call.id("channel_id")))
        return answer(channels.channel_json(channel))

    async def delete(self, call: Call) -> web.StreamResponse:
        """Archive a channel."""
        if call.flag("permanent"):
            raise DomainError(Reason.NOT_IMPLEMENTED, operation="deleteChannel with permanent=true")
        await self._channels.delete(call.caller, call.id("channel_id"))
        return ok()

    async def restore(self, call: Call) -> web.StreamResponse:
        """Bring an archived channel back."""
        return answer(channels.channel_json(await self._channels.restore(call.caller, call.id("channel_id"))))

    async def set_privacy(self, call: Call) -> web.StreamResponse:
        """Make a channel open or private."""
        kind = channels.privacy(await call.json(requests.PRIVACY, "privacy"))
        channel = await self._channels.set_privacy(call.caller, call.id("channel_id"), kind)
        return answer(channels.channel_json(channel))

    async def stats(self, call: Call) -> web.StreamResponse:
        """Return a channel's numbers."""
        channel_id = call.id("channel_id")
        stats = await self._channels.stats(call.caller, channel_id)
        return answer(channels.stats_json(channel_id, stats, files=not call.flag("exclude_files_count")))

    async def public(self, call: Call) -> web.StreamResponse:
        """Return a page of a team's open channels."""
        found = await self._channels.public(call.caller, call.id("team_id"), *call.page())
        return answer([channels.channel_json(channel) for channel in found])

    async def of_user(self, call: Call) -> web.StreamResponse:
        """Return a user's channels in all teams."""
        return answer(await self._of_user(call, ""))

    async def of_user_in_team(self, call: Call) -> web.StreamResponse:
        """Return a user's channels in a team, direct and group ones included."""
        return tagged(call, await self._of_user(call, call.id("team_id")))

    async def _of_user(self, call: Call, team_id: str) -> list[dict[str, Any]]:
        found = await self._channels.of_user(
            call.caller,
            call.id("user_id"),
            team_id=team_id,
            include_deleted=call.flag("include_deleted"),
            last_delete_at_ms=call.time("last_delete_at"),
        )
        if not found:
            raise DomainError(Reason.CHANNEL_NOT_FOUND, by="user")
        return [channels.channel_json(channel) for channel in found]
