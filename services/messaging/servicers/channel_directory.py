"""ChannelDirectoryService: unpack, operation, pack."""

from typing import Any, Final

import grpc

from chorus.messaging.v1 import channel_directory_pb2 as pb
from chorus.messaging.v1 import channel_directory_pb2_grpc
from services.messaging.domain.channel_directory import ChannelSearch, Scope
from services.messaging.operations.channel_directory import ChannelDirectory
from services.messaging.servicers.actors import actor
from services.messaging.wire import channels, memberships, teams

Context = grpc.aio.ServicerContext[Any, Any]

_SCOPES: Final = {
    pb.SEARCH_SCOPE_OPEN: Scope.OPEN,
    pb.SEARCH_SCOPE_TEAM: Scope.TEAM,
    pb.SEARCH_SCOPE_OWN: Scope.OWN,
    pb.SEARCH_SCOPE_ALL_TEAMS: Scope.ALL_TEAMS,
    pb.SEARCH_SCOPE_EVERYTHING: Scope.EVERYTHING,
    pb.SEARCH_SCOPE_GROUPS: Scope.GROUPS,
}


class ChannelDirectoryServicer(channel_directory_pb2_grpc.ChannelDirectoryServiceServicer):
    """The directory of channels over gRPC."""

    def __init__(self, directory: ChannelDirectory) -> None:
        """Serve the directory."""
        self._directory = directory

    async def SearchChannels(self, request: pb.SearchChannelsRequest, context: Context) -> pb.SearchChannelsResponse:
        """Find channels."""
        search = ChannelSearch(
            scope=_SCOPES[request.scope],
            team_id=request.team_id,
            term=request.term,
            types=tuple(request.types),
            team_ids=tuple(request.team_ids),
            include_deleted=request.include_deleted,
            only_deleted=request.only_deleted,
            page=request.page,
            per_page=request.per_page,
        )
        found, total = await self._directory.search(actor(request.actor), search)
        return pb.SearchChannelsResponse(
            channels=[
                pb.FoundChannel(
                    channel=channels.channel(one.channel),
                    team_name=one.team.name,
                    team_display_name=one.team.display_name,
                    team_update_at_ms=one.team.update_at,
                )
                for one in found
            ],
            total_count=total,
        )

    async def CountMembers(self, request: pb.CountMembersRequest, context: Context) -> pb.CountMembersResponse:
        """Count members of channels."""
        counts = await self._directory.count_members(actor(request.actor), request.channel_ids)
        return pb.CountMembersResponse(counts=counts)

    async def ListTimezones(self, request: pb.ListTimezonesRequest, context: Context) -> pb.ListTimezonesResponse:
        """Return the members' time zones."""
        timezones = await self._directory.list_timezones(actor(request.actor), request.channel_id)
        return pb.ListTimezonesResponse(timezones=timezones)

    async def ListCommonTeams(self, request: pb.ListCommonTeamsRequest, context: Context) -> pb.ListCommonTeamsResponse:
        """Return the teams that all members are in."""
        found = await self._directory.list_common_teams(actor(request.actor), request.channel_id)
        return pb.ListCommonTeamsResponse(teams=map(teams.team, found))

    async def ListMembershipsWithTeams(
        self, request: pb.ListMembershipsWithTeamsRequest, context: Context
    ) -> pb.ListMembershipsWithTeamsResponse:
        """Return a user's memberships with their teams."""
        asker = actor(request.actor)
        found = await self._directory.list_memberships(asker, request.user_id, request.page, request.per_page)
        return pb.ListMembershipsWithTeamsResponse(
            members=[
                pb.MemberWithTeam(
                    member=memberships.member(one.member.shown_to(asker.user_id)),
                    team_name=one.team.name,
                    team_display_name=one.team.display_name,
                    team_update_at_ms=one.team.update_at,
                )
                for one in found
            ]
        )

    async def GetPublicChannels(
        self, request: pb.GetPublicChannelsRequest, context: Context
    ) -> pb.GetPublicChannelsResponse:
        """Return a team's open channels by id."""
        found = await self._directory.get_public(actor(request.actor), request.team_id, request.channel_ids)
        return pb.GetPublicChannelsResponse(channels=map(channels.channel, found))

    async def LocatePost(self, request: pb.LocatePostRequest, context: Context) -> pb.LocatePostResponse:
        """Return where a post is."""
        place = await self._directory.locate_post(actor(request.actor), request.post_id)
        return pb.LocatePostResponse(
            channel_id=place.channel.id,
            channel_type=place.channel.type,
            channel_display_name=place.channel.display_name,
            in_channel=place.in_channel,
            team_id=place.team.id if place.team else "",
            team_type=place.team.type if place.team else "",
            team_display_name=place.team.display_name if place.team else "",
            in_team=place.in_team,
        )
