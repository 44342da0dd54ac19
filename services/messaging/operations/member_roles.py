"""Giving members of channels and teams other roles."""

from chorus.messaging.v1 import events_pb2
from services.chassis.errors import DomainError, Reason
from services.chassis.topics import channel_topic, team_topic, user_topic
from services.messaging.domain import member_roles
from services.messaging.domain.access import Roles, may_in_team, require
from services.messaging.domain.member_roles import Asked
from services.messaging.domain.memberships import Member
from services.messaging.domain.teams import TeamMember
from services.messaging.operations.actor import Actor
from services.messaging.operations.changing import Change, Changes
from services.messaging.store import access, memberships, teams
from services.messaging.store import member_roles as store
from services.messaging.wire import memberships as member_wire
from services.messaging.wire import teams as team_wire


class MemberRoleOperations:
    """What memberships allow. The user's own sockets are told, so that its clients show what it may do now."""

    def __init__(self, changes: Changes) -> None:
        """Commit by `changes`."""
        self._changes = changes

    async def set_in_channel(self, actor: Actor, channel_id: str, user_id: str, asked: Asked) -> Member:
        """Give a member of a channel other roles.

        Raises permission_denied, also for an unknown channel, member_not_found, invalid_member_roles.
        """

        async def work(change: Change) -> Member:
            topic = user_topic(user_id)
            # Who posts reads its roles under the channel's lock: a demotion is before the post or behind it.
            await change.lock([channel_topic(channel_id), topic])
            facts = await access.read_one(change.tx, actor.user_id, channel_id)
            permission = "manage_channel_roles"
            require(facts is not None and facts.may(permission, actor.roles), permission)
            before = await memberships.read(change.tx, channel_id, [user_id])
            if not before:
                raise DomainError(Reason.MEMBER_NOT_FOUND)
            roles = member_roles.given(member_roles.CHANNEL, _roles(before[0]), asked)
            if roles == _roles(before[0]):
                return before[0]
            at = change.next_at(topic)
            await store.set_in_channel(change.tx, channel_id, user_id, roles, at)
            (after,) = await memberships.read(change.tx, channel_id, [user_id])
            change.announce(topic, events_pb2.MemberUpdated(member=member_wire.member(after)), at)
            return after

        return (await self._changes.commit(work)).shown_to(actor.user_id)

    async def set_in_team(self, actor: Actor, team_id: str, user_id: str, asked: Asked) -> TeamMember:
        """Give a member of a team other roles.

        Raises permission_denied, also for an unknown team, team_member_not_found, invalid_member_roles.
        """

        async def work(change: Change) -> TeamMember:
            topic = user_topic(user_id)
            await change.lock([team_topic(team_id), topic])
            permission = "manage_team_roles"
            own = await access.read_team(change.tx, actor.user_id, team_id)
            require(may_in_team(permission, actor.roles, own), permission)
            before = (await teams.members(change.tx, team_id, [user_id])).get(user_id)
            if before is None or not before.active:
                raise DomainError(Reason.TEAM_MEMBER_NOT_FOUND)
            roles = member_roles.given(member_roles.TEAM, _roles(before), asked)
            if roles == _roles(before):
                return before
            await store.set_in_team(change.tx, team_id, user_id, roles)
            after = (await teams.members(change.tx, team_id, [user_id]))[user_id]
            body = events_pb2.TeamMemberUpdated(member=team_wire.member(after))
            change.announce(topic, body, change.next_at(topic))
            return after

        return await self._changes.commit(work)


def _roles(member: Member | TeamMember) -> Roles:
    return Roles(member.scheme_guest, member.scheme_user, member.scheme_admin, member.explicit_roles)
