"""Calls of messaging: channels."""

from collections.abc import Sequence

from chorus.messaging.v1 import channels_pb2, channels_pb2_grpc
from services.chassis.errors import DomainError, Reason
from services.chassis.rpc.client import Peer
from services.edge.caller import Caller
from services.edge.clients.actor import actor


class ChannelClient:
    """Channels and what may be done in them."""

    def __init__(self, peer: Peer) -> None:
        """`peer` is messaging."""
        self._peer = peer
        self._channels = channels_pb2_grpc.ChannelServiceStub(peer.channel)

    async def create(self, caller: Caller, request: channels_pb2.CreateChannelRequest) -> channels_pb2.Channel:
        """Create an open or private channel."""
        request.actor.CopyFrom(actor(caller))
        return (await self._peer.call(self._channels.CreateChannel, request)).channel

    async def create_direct(self, caller: Caller, user_ids: Sequence[str]) -> channels_pb2.Channel:
        """Return the channel of two users, made if need be."""
        request = channels_pb2.CreateDirectChannelRequest(actor=actor(caller), user_ids=user_ids)
        return (await self._peer.call(self._channels.CreateDirectChannel, request)).channel

    async def create_group(self, caller: Caller, user_ids: Sequence[str]) -> channels_pb2.Channel:
        """Return the channel of several users, made if need be."""
        request = channels_pb2.CreateGroupChannelRequest(actor=actor(caller), user_ids=user_ids)
        return (await self._peer.call(self._channels.CreateGroupChannel, request)).channel

    async def get(self, caller: Caller, channel_id: str) -> channels_pb2.Channel:
        """Return a channel."""
        request = channels_pb2.GetChannelRequest(actor=actor(caller), id=channel_id)
        return (await self._peer.call(self._channels.GetChannel, request)).channel

    async def by_name(
        self, caller: Caller, name: str, *, team_id: str = "", team_name: str = "", include_deleted: bool = False
    ) -> channels_pb2.Channel:
        """Return a channel by its name in a team, which is given by id or by name."""
        request = channels_pb2.GetChannelByNameRequest(
            actor=actor(caller), team_id=team_id, team_name=team_name, name=name, include_deleted=include_deleted
        )
        return (await self._peer.call(self._channels.GetChannelByName, request)).channel

    async def of_user(
        self,
        caller: Caller,
        user_id: str,
        *,
        team_id: str = "",
        include_deleted: bool = False,
        last_delete_at_ms: int = 0,
    ) -> Sequence[channels_pb2.Channel]:
        """Return a user's channels in a team, or in all."""
        request = channels_pb2.ListChannelsForUserRequest(
            actor=actor(caller),
            user_id=user_id,
            team_id=team_id,
            include_deleted=include_deleted,
            last_delete_at_ms=last_delete_at_ms,
        )
        return (await self._peer.call(self._channels.ListChannelsForUser, request)).channels

    async def public(self, caller: Caller, team_id: str, page: int, per_page: int) -> Sequence[channels_pb2.Channel]:
        """Return a page of a team's open channels."""
        request = channels_pb2.ListPublicChannelsRequest(
            actor=actor(caller), team_id=team_id, page=page, per_page=per_page
        )
        return (await self._peer.call(self._channels.ListPublicChannels, request)).channels

    async def patch(self, caller: Caller, request: channels_pb2.PatchChannelRequest) -> channels_pb2.Channel:
        """Change parts of a channel."""
        request.actor.CopyFrom(actor(caller))
        return (await self._peer.call(self._channels.PatchChannel, request)).channel

    async def delete(self, caller: Caller, channel_id: str) -> None:
        """Archive a channel."""
        request = channels_pb2.DeleteChannelRequest(actor=actor(caller), id=channel_id)
        await self._peer.call(self._channels.DeleteChannel, request)

    async def restore(self, caller: Caller, channel_id: str) -> channels_pb2.Channel:
        """Bring an archived channel back."""
        request = channels_pb2.RestoreChannelRequest(actor=actor(caller), id=channel_id)
        return (await self._peer.call(self._channels.RestoreChannel, request)).channel

    async def set_privacy(self, caller: Caller, channel_id: str, kind: str) -> channels_pb2.Channel:
        """Make a channel open ("O") or private ("P")."""
        request = channels_pb2.SetPrivacyRequest(actor=actor(caller), id=channel_id, type=kind)
        return (await self._peer.call(self._channels.SetPrivacy, request)).channel

    async def stats(self, caller: Caller, channel_id: str) -> channels_pb2.GetStatsResponse:
        """Return a channel's numbers."""
        request = channels_pb2.GetStatsRequest(actor=actor(caller), channel_id=channel_id)
        return await self._peer.call(self._channels.GetStats, request)

    async def require(self, caller: Caller, channel_id: str, permission: str) -> None:
        """Raise permission_denied unless the caller holds a permission in a channel; also for an unknown one."""
        check = channels_pb2.AccessCheck(actor=actor(caller), channel_id=channel_id, permission=permission)
        answer = await self._peer.call(self._channels.CheckAccess, channels_pb2.CheckAccessRequest(checks=[check]))
        if not answer.allowed[0]:
            raise DomainError(Reason.PERMISSION_DENIED, permission=permission)
