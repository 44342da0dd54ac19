"""Calls of messaging: who is in which channel."""

from collections.abc import Mapping, Sequence

from chorus.messaging.v1 import memberships_pb2, memberships_pb2_grpc
from services.chassis.errors import DomainError
from services.chassis.rpc.client import Peer
from services.chassis.rpc.errors import from_item
from services.edge.caller import Caller
from services.edge.clients.actor import actor


class MemberClient:
    """Memberships, and what users have seen."""

    def __init__(self, peer: Peer) -> None:
        """`peer` is messaging."""
        self._peer = peer
        self._members = memberships_pb2_grpc.MembershipServiceStub(peer.channel)

    async def add(
        self, caller: Caller, channel_id: str, user_ids: Sequence[str], post_root_id: str
    ) -> list[memberships_pb2.Member | DomainError]:
        """Put users into a channel; return each one's membership, or why there is none, in order."""
        request = memberships_pb2.AddMembersRequest(
            actor=actor(caller), channel_id=channel_id, user_ids=user_ids, post_root_id=post_root_id
        )
        results = (await self._peer.call(self._members.AddMembers, request)).results
        return [from_item(result.error) if result.HasField("error") else result.member for result in results]

    async def remove(self, caller: Caller, channel_id: str, user_id: str) -> None:
        """Take a user out of a channel."""
        request = memberships_pb2.RemoveMemberRequest(actor=actor(caller), channel_id=channel_id, user_id=user_id)
        await self._peer.call(self._members.RemoveMember, request)

    async def get(self, caller: Caller, channel_id: str, user_id: str) -> memberships_pb2.Member:
        """Return a membership."""
        request = memberships_pb2.GetMemberRequest(actor=actor(caller), channel_id=channel_id, user_id=user_id)
        return (await self._peer.call(self._members.GetMember, request)).member

    async def get_many(
        self, caller: Caller, channel_id: str, user_ids: Sequence[str]
    ) -> Sequence[memberships_pb2.Member]:
        """Return those of the memberships that exist."""
        request = memberships_pb2.GetMembersRequest(actor=actor(caller), channel_id=channel_id, user_ids=user_ids)
        return (await self._peer.call(self._members.GetMembers, request)).members

    async def page(self, caller: Caller, channel_id: str, page: int, per_page: int) -> Sequence[memberships_pb2.Member]:
        """Return a page of a channel's members."""
        request = memberships_pb2.ListMembersRequest(
            actor=actor(caller), channel_id=channel_id, page=page, per_page=per_page
        )
        return (await self._peer.call(self._members.ListMembers, request)).members

    async def of_user(self, caller: Caller, user_id: str, team_id: str = "") -> Sequence[memberships_pb2.Member]:
        """Return a user's memberships in a team's channels, direct and group ones included; or in all."""
        request = memberships_pb2.ListMembershipsForUserRequest(actor=actor(caller), user_id=user_id, team_id=team_id)
        return (await self._peer.call(self._members.ListMembershipsForUser, request)).members

    async def view(
        self, caller: Caller, user_id: str, channel_ids: Sequence[str], *, keeps_threads: bool
    ) -> dict[str, int]:
        """Mark channels as seen, and their threads unless those are read apart; return each one's last post, in ms."""
        request = memberships_pb2.ViewChannelsRequest(
            actor=actor(caller), user_id=user_id, channel_ids=channel_ids, keeps_threads=keeps_threads
        )
        return dict((await self._peer.call(self._members.ViewChannels, request)).last_viewed_at_ms)

    async def mark_unread(
        self, caller: Caller, user_id: str, post_id: str, *, keeps_threads: bool
    ) -> memberships_pb2.MarkUnreadResponse:
        """Put a channel back to unread from a post on; and a reply's thread unless those are read apart."""
        request = memberships_pb2.MarkUnreadRequest(
            actor=actor(caller), user_id=user_id, post_id=post_id, keeps_threads=keeps_threads
        )
        return await self._peer.call(self._members.MarkUnread, request)

    async def set_notify_props(self, caller: Caller, channel_id: str, user_id: str, props: Mapping[str, str]) -> None:
        """Change how a member is notified of a channel."""
        request = memberships_pb2.SetNotifyPropsRequest(
            actor=actor(caller), channel_id=channel_id, user_id=user_id, notify_props=props
        )
        await self._peer.call(self._members.SetNotifyProps, request)

    async def unread(self, caller: Caller, user_id: str, channel_id: str) -> memberships_pb2.GetUnreadResponse:
        """Return what a user has not seen of a channel."""
        request = memberships_pb2.GetUnreadRequest(actor=actor(caller), user_id=user_id, channel_id=channel_id)
        return await self._peer.call(self._members.GetUnread, request)

    async def baselines(self, user_ids: Sequence[str]) -> memberships_pb2.GetBaselineResponse:
        """Return what users listen to, and its positions, all of one snapshot."""
        return await self._peer.call(self._members.GetBaseline, memberships_pb2.GetBaselineRequest(user_ids=user_ids))

    async def find_user_ids(self, request: memberships_pb2.FindUserIdsRequest) -> Sequence[str]:
        """Return the users that a question describes. It checks no permission: that is the asker's duty."""
        return (await self._peer.call(self._members.FindUserIds, request)).user_ids

    async def visible_user_ids(self, viewer_id: str, user_ids: Sequence[str]) -> frozenset[str]:
        """Return those users with whom `viewer_id` shares a team or channel."""
        request = memberships_pb2.FindVisibleUserIdsRequest(viewer_id=viewer_id, user_ids=user_ids)
        return frozenset((await self._peer.call(self._members.FindVisibleUserIds, request)).user_ids)

    async def known_user_ids(self, caller: Caller) -> Sequence[str]:
        """Return who else is in any channel of the caller."""
        request = memberships_pb2.ListKnownUserIdsRequest(actor=actor(caller))
        return (await self._peer.call(self._members.ListKnownUserIds, request)).user_ids

    async def in_groups(self, caller: Caller, channel_ids: Sequence[str]) -> dict[str, Sequence[str]]:
        """Return who else is in those of the channels that are group channels of the caller."""
        request = memberships_pb2.ListGroupMembersRequest(actor=actor(caller), channel_ids=channel_ids)
        answer = await self._peer.call(self._members.ListGroupMembers, request)
        return {group.channel_id: group.user_ids for group in answer.groups}
