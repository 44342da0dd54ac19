"""MembershipService: unpack, operation, pack."""

from typing import Any

import grpc

from chorus.common.v1 import events_pb2
from chorus.messaging.v1 import memberships_pb2, memberships_pb2_grpc
from services.chassis.errors import DomainError
from services.chassis.events import EventLog
from services.chassis.rpc.errors import to_item
from services.messaging.operations.attention import AttentionOperations
from services.messaging.operations.memberships import MembershipOperations, UserSearch
from services.messaging.servicers.actors import actor
from services.messaging.wire import memberships as wire

Context = grpc.aio.ServicerContext[Any, Any]


class MembershipServicer(memberships_pb2_grpc.MembershipServiceServicer):
    """Channel members over gRPC."""

    def __init__(self, operations: MembershipOperations, attention: AttentionOperations, events: EventLog) -> None:
        """Serve `operations` and `attention`; `events` is the log that baselines are of."""
        self._operations, self._attention, self._events = operations, attention, events

    async def AddMembers(
        self, request: memberships_pb2.AddMembersRequest, context: Context
    ) -> memberships_pb2.AddMembersResponse:
        """Put users into a channel."""
        answers = await self._operations.add(actor(request.actor), request.channel_id, request.user_ids)
        results = [
            memberships_pb2.AddMemberResult(user_id=user_id, error=to_item(answer))
            if isinstance(answer, DomainError)
            else memberships_pb2.AddMemberResult(user_id=user_id, member=wire.member(answer))
            for user_id, answer in zip(request.user_ids, answers, strict=True)
        ]
        return memberships_pb2.AddMembersResponse(results=results)

    async def RemoveMember(
        self, request: memberships_pb2.RemoveMemberRequest, context: Context
    ) -> memberships_pb2.RemoveMemberResponse:
        """Take a user out of a channel."""
        await self._operations.remove(actor(request.actor), request.channel_id, request.user_id)
        return memberships_pb2.RemoveMemberResponse()

    async def GetMember(
        self, request: memberships_pb2.GetMemberRequest, context: Context
    ) -> memberships_pb2.GetMemberResponse:
        """Return a membership."""
        member = await self._operations.get(actor(request.actor), request.channel_id, request.user_id)
        return memberships_pb2.GetMemberResponse(member=wire.member(member))

    async def GetMembers(
        self, request: memberships_pb2.GetMembersRequest, context: Context
    ) -> memberships_pb2.GetMembersResponse:
        """Return memberships by user id."""
        members = await self._operations.get_many(actor(request.actor), request.channel_id, request.user_ids)
        return memberships_pb2.GetMembersResponse(members=map(wire.member, members))

    async def ListMembers(
        self, request: memberships_pb2.ListMembersRequest, context: Context
    ) -> memberships_pb2.ListMembersResponse:
        """Return a page of members."""
        members = await self._operations.list(actor(request.actor), request.channel_id, request.page, request.per_page)
        return memberships_pb2.ListMembersResponse(members=map(wire.member, members))

    async def ListMembershipsForUser(
        self, request: memberships_pb2.ListMembershipsForUserRequest, context: Context
    ) -> memberships_pb2.ListMembershipsForUserResponse:
        """Return a user's memberships."""
        members = await self._operations.list_for_user(actor(request.actor), request.user_id, request.team_id)
        return memberships_pb2.ListMembershipsForUserResponse(members=map(wire.member, members))

    async def ViewChannels(
        self, request: memberships_pb2.ViewChannelsRequest, context: Context
    ) -> memberships_pb2.ViewChannelsResponse:
        """Mark channels as seen."""
        times = await self._operations.view(
            actor(request.actor), request.user_id, request.channel_ids, keeps_threads=request.keeps_threads
        )
        return memberships_pb2.ViewChannelsResponse(last_viewed_at_ms=times)

    async def MarkUnread(
        self, request: memberships_pb2.MarkUnreadRequest, context: Context
    ) -> memberships_pb2.MarkUnreadResponse:
        """Put a channel back to unread."""
        team_id, member = await self._attention.mark_unread(
            actor(request.actor), request.user_id, request.post_id, keeps_threads=request.keeps_threads
        )
        return memberships_pb2.MarkUnreadResponse(team_id=team_id, member=wire.member(member))

    async def SetNotifyProps(
        self, request: memberships_pb2.SetNotifyPropsRequest, context: Context
    ) -> memberships_pb2.SetNotifyPropsResponse:
        """Change how a member is notified."""
        await self._attention.set_notify_props(
            actor(request.actor), request.channel_id, request.user_id, dict(request.notify_props)
        )
        return memberships_pb2.SetNotifyPropsResponse()

    async def GetUnread(
        self, request: memberships_pb2.GetUnreadRequest, context: Context
    ) -> memberships_pb2.GetUnreadResponse:
        """Return what is unseen of a channel."""
        seen = await self._operations.get_unread(actor(request.actor), request.user_id, request.channel_id)
        return memberships_pb2.GetUnreadResponse(
            team_id=seen.team_id,
            msg_count=seen.unread,
            msg_count_root=seen.unread_root,
            mention_count=seen.mentions,
            mention_count_root=seen.mentions_root,
        )

    async def GetBaseline(
        self, request: memberships_pb2.GetBaselineRequest, context: Context
    ) -> memberships_pb2.GetBaselineResponse:
        """Return what users listen to."""
        baselines = await self._operations.get_baselines(request.user_ids)
        return memberships_pb2.GetBaselineResponse(
            baselines=[
                memberships_pb2.Baseline(
                    user_id=user_id, topics=[events_pb2.TopicSeq(topic=topic, seq=seq) for topic, seq in heard]
                )
                for user_id, heard in zip(request.user_ids, baselines, strict=True)
            ],
            incarnation=self._events.incarnation,
        )

    async def FindUserIds(
        self, request: memberships_pb2.FindUserIdsRequest, context: Context
    ) -> memberships_pb2.FindUserIdsResponse:
        """Return the ids of users who match."""
        search = UserSearch(
            term=request.term,
            match_names=request.match_names,
            in_team_id=request.in_team_id,
            not_in_team_id=request.not_in_team_id,
            in_channel_id=request.in_channel_id,
            not_in_channel_id=request.not_in_channel_id,
            visible_to=request.visible_to,
            roles=request.roles,
            without_team=request.without_team,
            include_inactive=request.include_inactive,
            inactive_only=request.inactive_only,
            newest_first=request.sort == "create_at",
            page=request.page,
            per_page=request.per_page,
        )
        return memberships_pb2.FindUserIdsResponse(user_ids=await self._operations.find_user_ids(search))

    async def FindVisibleUserIds(
        self, request: memberships_pb2.FindVisibleUserIdsRequest, context: Context
    ) -> memberships_pb2.FindVisibleUserIdsResponse:
        """Return which users are visible to a user who may not see everybody."""
        visible = await self._operations.find_visible_user_ids(request.viewer_id, request.user_ids)
        return memberships_pb2.FindVisibleUserIdsResponse(user_ids=visible)

    async def ListKnownUserIds(
        self, request: memberships_pb2.ListKnownUserIdsRequest, context: Context
    ) -> memberships_pb2.ListKnownUserIdsResponse:
        """Return who else is in any channel of the actor."""
        known = await self._operations.list_known(actor(request.actor))
        return memberships_pb2.ListKnownUserIdsResponse(user_ids=known)

    async def ListGroupMembers(
        self, request: memberships_pb2.ListGroupMembersRequest, context: Context
    ) -> memberships_pb2.ListGroupMembersResponse:
        """Return who else is in the actor's group channels."""
        found = await self._operations.list_group_members(actor(request.actor), request.channel_ids)
        groups = (memberships_pb2.GroupMembers(channel_id=c, user_ids=users) for c, users in found.items())
        return memberships_pb2.ListGroupMembersResponse(groups=groups)
