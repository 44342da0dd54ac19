"""Calls of messaging: finding channels, and what is asked of many at once."""

from collections.abc import Mapping, Sequence

from chorus.messaging.v1 import channel_directory_pb2, channel_directory_pb2_grpc, channels_pb2, teams_pb2
from services.chassis.rpc.client import Peer
from services.edge.caller import Caller
from services.edge.clients.actor import actor


class ChannelDirectoryClient:
    """The directory of channels."""

    def __init__(self, peer: Peer) -> None:
        """`peer` is messaging."""
        self._peer = peer
        self._directory = channel_directory_pb2_grpc.ChannelDirectoryServiceStub(peer.channel)

    async def search(
        self, caller: Caller, request: channel_directory_pb2.SearchChannelsRequest
    ) -> channel_directory_pb2.SearchChannelsResponse:
        """Find channels."""
        request.actor.CopyFrom(actor(caller))
        return await self._peer.call(self._directory.SearchChannels, request)

    async def count_members(self, caller: Caller, channel_ids: Sequence[str]) -> Mapping[str, int]:
        """Return how many members channels have, by channel."""
        request = channel_directory_pb2.CountMembersRequest(actor=actor(caller), channel_ids=channel_ids)
        return (await self._peer.call(self._directory.CountMembers, request)).counts

    async def timezones(self, caller: Caller, channel_id: str) -> Sequence[str]:
        """Return the time zones of a channel's members, each once."""
        request = channel_directory_pb2.ListTimezonesRequest(actor=actor(caller), channel_id=channel_id)
        return (await self._peer.call(self._directory.ListTimezones, request)).timezones

    async def common_teams(self, caller: Caller, channel_id: str) -> Sequence[teams_pb2.Team]:
        """Return the teams that all members of a direct or group channel are in."""
        request = channel_directory_pb2.ListCommonTeamsRequest(actor=actor(caller), channel_id=channel_id)
        return (await self._peer.call(self._directory.ListCommonTeams, request)).teams

    async def memberships(
        self, caller: Caller, user_id: str, page: int = 0, per_page: int = 0
    ) -> Sequence[channel_directory_pb2.MemberWithTeam]:
        """Return a user's memberships with their teams: a page, or all when `per_page` is 0."""
        request = channel_directory_pb2.ListMembershipsWithTeamsRequest(
            actor=actor(caller), user_id=user_id, page=page, per_page=per_page
        )
        return (await self._peer.call(self._directory.ListMembershipsWithTeams, request)).members

    async def public(self, caller: Caller, team_id: str, channel_ids: Sequence[str]) -> Sequence[channels_pb2.Channel]:
        """Return those of the channels that are open ones of the team."""
        request = channel_directory_pb2.GetPublicChannelsRequest(
            actor=actor(caller), team_id=team_id, channel_ids=channel_ids
        )
        return (await self._peer.call(self._directory.GetPublicChannels, request)).channels

    async def locate_post(self, caller: Caller, post_id: str) -> channel_directory_pb2.LocatePostResponse:
        """Return where a post is."""
        request = channel_directory_pb2.LocatePostRequest(actor=actor(caller), post_id=post_id)
        return await self._peer.call(self._directory.LocatePost, request)
