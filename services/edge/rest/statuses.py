"""Statuses and typing."""

from collections.abc import Sequence

from aiohttp import web

from services.chassis.config import Settings
from services.chassis.errors import DomainError, Reason
from services.chassis.ids import is_valid_id
from services.edge.clients.auth import AuthClient
from services.edge.clients.channels import ChannelClient
from services.edge.clients.presence import PresenceClient
from services.edge.dialect import requests
from services.edge.dialect.statuses import SETTABLE, status_json
from services.edge.dialect.users import listed
from services.edge.rest.kit import Call, Route, answer, ok, require
from services.edge.rest.visibility import Visibility


class Statuses:
    """The operations on presence."""

    def routes(self) -> Sequence[Route]:
        """Return the route table."""
        return (
            Route("POST", "/users/status/ids", self.by_ids),
            Route("GET", "/users/{user_id}/status", self.get),
            Route("PUT", "/users/{user_id}/status", self.set),
            Route("POST", "/users/{user_id}/typing", self.typing),
        )

    def __init__(
        self,
        presence: PresenceClient,
        auth: AuthClient,
        channels: ChannelClient,
        visibility: Visibility,
        settings: Settings,
    ) -> None:
        """auth says who exists, messaging who may post where."""
        self._presence, self._auth, self._channels, self._visibility = presence, auth, channels, visibility
        self._enabled = settings.ServiceSettings.EnableUserStatuses

    async def by_ids(self, call: Call) -> web.StreamResponse:
        """Return the statuses of some users; none where statuses are switched off."""
        ids = listed(await call.json(requests.IDS, "user_ids"), "user_ids")
        if not all(map(is_valid_id, ids)):
            raise DomainError(Reason.INVALID_ARGUMENT, field="user_ids")
        seen = await self._visibility.of(call.caller, ids)
        if not self._enabled or not seen:
            return answer([])
        return answer([status_json(status) for status in await self._presence.statuses([*seen])])

    async def get(self, call: Call) -> web.StreamResponse:
        """Return a user's status."""
        user_id = call.id("user_id")
        if not self._enabled:
            raise DomainError(Reason.STATUSES_DISABLED)
        known = await self._auth.users(ids=(user_id,))
        if not known or user_id not in await self._visibility.of(call.caller, (user_id,)):
            raise DomainError(Reason.USER_NOT_FOUND, by="status")
        (status,) = await self._presence.statuses((user_id,))
        return answer(status_json(status))

    async def set(self, call: Call) -> web.StreamResponse:
        """Set a status by hand."""
        body = await call.json(requests.STATUS, "status")
        user_id = call.id("user_id")
        if body.user_id != user_id:
            raise DomainError(Reason.INVALID_ARGUMENT, field="user_id")
        if body.status not in SETTABLE:
            raise DomainError(Reason.INVALID_STATUS)
        ends = body.dnd_end_time or 0
        if not 0 <= ends < 2**53:
            raise DomainError(Reason.INVALID_ARGUMENT, field="dnd_end_time")
        return answer(status_json(await self._presence.set_status(call.caller, user_id, body.status or "", ends)))

    async def typing(self, call: Call) -> web.StreamResponse:
        """Say that a user types, to whoever reads along."""
        body = await call.json(requests.TYPING, "typing")
        user_id, channel_id, parent_id = call.id("user_id"), body.channel_id or "", body.parent_id or ""
        if not is_valid_id(channel_id):
            raise DomainError(Reason.INVALID_ARGUMENT, field="channel_id")
        if parent_id and not is_valid_id(parent_id):
            raise DomainError(Reason.INVALID_ARGUMENT, field="parent_id")
        require(user_id == call.caller.user_id or call.caller.is_admin, "manage_system")
        await self._channels.require(call.caller, channel_id, "create_post")
        await self._presence.typing(user_id, channel_id, parent_id)
        return ok()
