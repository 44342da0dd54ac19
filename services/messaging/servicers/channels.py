"""ChannelService: unpack, operation, pack."""

from typing import Any

import grpc

from chorus.messaging.v1 import channels_pb2, channels_pb2_grpc
from services.messaging.domain.channels import Channel, ChannelPatch
from services.messaging.operations.channel_states import ChannelStateOperations
from services.messaging.operations.channels import AccessQuestion, ChannelOperations
from services.messaging.operations.personal_channels import PersonalChannelOperations
from services.messaging.servicers.actors import actor
from services.messaging.wire import channels as wire

Context = grpc.aio.ServicerContext[Any, Any]


class ChannelServicer(channels_pb2_grpc.ChannelServiceServicer):
    """Channels over gRPC."""

    def __init__(
        self, operations: ChannelOperations, personal: PersonalChannelOperations, states: ChannelStateOperations
    ) -> None:
        """Serve the operations on teams' channels and on direct and group ones."""
        self._operations, self._personal, self._states = operations, personal, states

    async def CreateChannel(
        self, request: channels_pb2.CreateChannelRequest, context: Context
    ) -> channels_pb2.CreateChannelResponse:
        """Create a channel."""
        asked = Channel(
            id="",
            create_at=0,
            update_at=0,
            delete_at=0,
            team_id=request.team_id,
            type=request.type,
            display_name=request.display_name,
            name=request.name,
            header=request.header,
            purpose=request.purpose,
        )
        channel = await self._operations.create(actor(request.actor), asked)
        return channels_pb2.CreateChannelResponse(channel=wire.channel(channel))

    async def CreateDirectChannel(
        self, request: channels_pb2.CreateDirectChannelRequest, context: Context
    ) -> channels_pb2.CreateDirectChannelResponse:
        """Return the channel of two users."""
        channel = await self._personal.create_direct(actor(request.actor), request.user_ids)
        return channels_pb2.CreateDirectChannelResponse(channel=wire.channel(channel))

    async def CreateGroupChannel(
        self, request: channels_pb2.CreateGroupChannelRequest, context: Context
    ) -> channels_pb2.CreateGroupChannelResponse:
        """Return the channel of several users."""
        channel = await self._personal.create_group(actor(request.actor), request.user_ids)
        return channels_pb2.CreateGroupChannelResponse(channel=wire.channel(channel))

    async def GetChannel(
        self, request: channels_pb2.GetChannelRequest, context: Context
    ) -> channels_pb2.GetChannelResponse:
        """Return a channel."""
        channel = await self._operations.get(actor(request.actor), request.id)
        return channels_pb2.GetChannelResponse(channel=wire.channel(channel))

    async def GetChannelByName(
        self, request: channels_pb2.GetChannelByNameRequest, context: Context
    ) -> channels_pb2.GetChannelByNameResponse:
        """Return a channel by name."""
        channel = await self._operations.get_by_name(
            actor(request.actor),
            request.name,
            team_id=request.team_id,
            team_name=request.team_name,
            include_deleted=request.include_deleted,
        )
        return channels_pb2.GetChannelByNameResponse(channel=wire.channel(channel))

    async def ListChannelsForUser(
        self, request: channels_pb2.ListChannelsForUserRequest, context: Context
    ) -> channels_pb2.ListChannelsForUserResponse:
        """Return a user's channels."""
        channels = await self._operations.list_for_user(
            actor(request.actor),
            request.user_id,
            request.team_id,
            include_deleted=request.include_deleted,
            since=request.last_delete_at_ms,
        )
        return channels_pb2.ListChannelsForUserResponse(channels=map(wire.channel, channels))

    async def ListPublicChannels(
        self, request: channels_pb2.ListPublicChannelsRequest, context: Context
    ) -> channels_pb2.ListPublicChannelsResponse:
        """Return a page of open channels."""
        channels = await self._operations.list_public(
            actor(request.actor), request.team_id, request.page, request.per_page
        )
        return channels_pb2.ListPublicChannelsResponse(channels=map(wire.channel, channels))

    async def PatchChannel(
        self, request: channels_pb2.PatchChannelRequest, context: Context
    ) -> channels_pb2.PatchChannelResponse:
        """Change a channel."""
        patch = ChannelPatch(
            name=request.name if request.HasField("name") else None,
            display_name=request.display_name if request.HasField("display_name") else None,
            header=request.header if request.HasField("header") else None,
            purpose=request.purpose if request.HasField("purpose") else None,
        )
        channel = await self._operations.patch(actor(request.actor), request.id, patch)
        return channels_pb2.PatchChannelResponse(channel=wire.channel(channel))

    async def DeleteChannel(
        self, request: channels_pb2.DeleteChannelRequest, context: Context
    ) -> channels_pb2.DeleteChannelResponse:
        """Archive a channel."""
        await self._operations.delete(actor(request.actor), request.id)
        return channels_pb2.DeleteChannelResponse()

    async def RestoreChannel(
        self, request: channels_pb2.RestoreChannelRequest, context: Context
    ) -> channels_pb2.RestoreChannelResponse:
        """Bring a channel back."""
        channel = await self._states.restore(actor(request.actor), request.id)
        return channels_pb2.RestoreChannelResponse(channel=wire.channel(channel))

    async def SetPrivacy(
        self, request: channels_pb2.SetPrivacyRequest, context: Context
    ) -> channels_pb2.SetPrivacyResponse:
        """Make a channel open or private."""
        channel = await self._states.set_privacy(actor(request.actor), request.id, request.type)
        return channels_pb2.SetPrivacyResponse(channel=wire.channel(channel))

    async def GetStats(self, request: channels_pb2.GetStatsRequest, context: Context) -> channels_pb2.GetStatsResponse:
        """Return a channel's numbers."""
        stats = await self._operations.get_stats(actor(request.actor), request.channel_id)
        return channels_pb2.GetStatsResponse(
            member_count=stats.member_count,
            guest_count=stats.guest_count,
            pinned_post_count=stats.pinned_post_count,
            files_count=stats.files_count,
        )

    async def CheckAccess(
        self, request: channels_pb2.CheckAccessRequest, context: Context
    ) -> channels_pb2.CheckAccessResponse:
        """Answer questions of permission."""
        questions = [AccessQuestion(actor(c.actor), c.channel_id, c.permission) for c in request.checks]
        return channels_pb2.CheckAccessResponse(allowed=await self._operations.check_access(questions))
