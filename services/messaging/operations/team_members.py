"""Who is in which team."""

from collections.abc import Callable, Sequence
from typing import Final

from chorus.messaging.v1 import events_pb2
from services.chassis.config import Settings
from services.chassis.database import Database, Transaction
from services.chassis.errors import DomainError, Reason
from services.chassis.permissions import granted
from services.chassis.topics import channel_topic, team_topic, user_topic
from services.messaging.domain import channels, system_posts, teams
from services.messaging.domain.access import Roles, may_act_for, may_in_team, require
from services.messaging.domain.system_posts import Notice
from services.messaging.domain.teams import Team, TeamMember
from services.messaging.domain.users import User
from services.messaging.operations.actor import Actor
from services.messaging.operations.changing import Change, Changes, Moved
from services.messaging.operations.entering import leave
from services.messaging.operations.paging import offset_of
from services.messaging.operations.system_posts import post_system_messages
from services.messaging.operations.team_entering import arrival, enter_team
from services.messaging.operations.users import Users
from services.messaging.operations.visibility import visible_ids
from services.messaging.store import access
from services.messaging.store import categories as category_store
from services.messaging.store import channels as channel_store
from services.messaging.store import teams as store

_BY_INVITATION: Final = "invitation"


class TeamMemberOperations:
    """What can be done with members of teams."""

    def __init__(self, database: Database, changes: Changes, settings: Settings, users: Users) -> None:
        """Work on `database`; limits are those of TeamSettings."""
        self._database, self._changes, self._users = database, changes, users
        self._settings = settings.TeamSettings

    async def add(self, actor: Actor, team_id: str, user_ids: Sequence[str]) -> list[TeamMember | DomainError]:
        """Put users into a team and its default channels, guests into no channel; again is no change.

        Item i of the answer belongs to user i, who fails alone with user_not_found, team_full, team_domain_refused.
        Raises team_not_found, permission_denied.
        """

        def admit(team: Team, user: User, roles: Roles | None) -> None:
            teams.require_add(team, user, actor.user_id, actor.roles, roles)

        return await self._add(actor, team_id, user_ids, admit)

    async def join_by_invitation(self, actor: Actor, invite_id: str) -> TeamMember:
        """Come into the team of an invitation. Raises team_not_found, guest_invited, team_full, team_domain_refused."""
        team = await self._database.transact(lambda tx: store.invited(tx, invite_id))
        if team is None:
            raise DomainError(Reason.TEAM_NOT_FOUND, by=_BY_INVITATION)
        if "system_guest" in actor.roles:
            raise DomainError(Reason.GUEST_INVITED)

        def admit(team: Team, user: User, roles: Roles | None) -> None:
            if team.invite_id != invite_id:  # it was replaced meanwhile
                raise DomainError(Reason.TEAM_NOT_FOUND, by=_BY_INVITATION)

        (answer,) = await self._add(actor, team.id, [actor.user_id], admit)
        if isinstance(answer, DomainError):
            raise answer
        return answer

    async def _add(
        self, actor: Actor, team_id: str, user_ids: Sequence[str], admit: Callable[[Team, User, Roles | None], None]
    ) -> list[TeamMember | DomainError]:
        known = await self._users.known([actor.user_id, *user_ids])
        by = known.get(actor.user_id)
        if by is None:
            raise DomainError(Reason.USER_NOT_FOUND, user_id=actor.user_id)
        names = channels.default_names(self._settings.ExperimentalDefaultChannels)

        async def work(change: Change) -> dict[str, TeamMember | DomainError]:
            await self._existing(change.tx, team_id)
            channel_ids = [c.id for c in await channel_store.named(change.tx, team_id, names)]
            topics = [*map(user_topic, sorted({*user_ids} & known.keys())), *map(channel_topic, channel_ids)]
            await change.lock([team_topic(team_id), *topics])
            team = await self._existing(change.tx, team_id)
            roles = await access.read_team(change.tx, actor.user_id, team_id)
            members = await store.members(change.tx, team_id, user_ids)
            size = await store.size(change.tx, team_id)
            answers: dict[str, TeamMember | DomainError] = {}
            coming: list[User] = []
            for user_id in dict.fromkeys(user_ids):
                user, member = known.get(user_id), members.get(user_id)
                inside = member is not None and member.active
                if user is None:
                    answers[user_id] = DomainError(Reason.USER_NOT_FOUND, user_id=user_id)
                    continue
                if not (inside and actor.user_id == user_id):
                    admit(team, user, roles)
                if member is not None and inside:
                    answers[user_id] = member
                    continue
                try:
                    teams.require_room(team, user, full=size + len(coming) >= self._settings.MaxUsersPerTeam)
                except DomainError as error:
                    answers[user_id] = error
                else:
                    coming.append(user)
            found = await channel_store.named(change.tx, team_id, names)
            defaults = [channel for channel in found if not channel.delete_at]
            answers |= await enter_team(change, team, coming, defaults)
            await self._tell(change, [notice for user in coming for notice in arrival(defaults, by, user)])
            return answers

        answers = await self._changes.commit(work)
        return [answers[user_id] for user_id in user_ids]

    async def remove(self, actor: Actor, team_id: str, user_id: str) -> None:
        """Take a user out of a team and all its channels. Raises team_not_found, team_member_not_found, …"""
        known = await self._users.require([actor.user_id, user_id])
        user = known[user_id]

        async def work(change: Change) -> None:
            await self._existing(change.tx, team_id)
            square = await channel_store.named(change.tx, team_id, [channels.TOWN_SQUARE])
            before = {c.id for c in await channel_store.in_team(change.tx, user_id, team_id)}
            topics = [channel_topic(id) for id in before | {c.id for c in square}]
            await change.lock([team_topic(team_id), user_topic(user_id), *topics])
            roles = await access.read_team(change.tx, actor.user_id, team_id)
            permission = "remove_user_from_team"
            require(actor.user_id == user_id or may_in_team(permission, actor.roles, roles), permission)
            member = (await store.members(change.tx, team_id, [user_id])).get(user_id)
            if member is None or not member.active:
                raise DomainError(Reason.TEAM_MEMBER_NOT_FOUND)
            left = await channel_store.in_team(change.tx, user_id, team_id)
            if not {c.id for c in left} <= before:
                raise Moved
            at = change.next_at(team_topic(team_id))
            await leave(change, user_id, left, actor.user_id)
            await store.end_member(change.tx, team_id, user_id, at)
            await category_store.forget(change.tx, user_id, team_id)
            change.announce(team_topic(team_id), events_pb2.TeamMemberRemoved(team_id=team_id, user_id=user_id), at)
            change.announce(user_topic(user_id), events_pb2.TeamLeft(team_id=team_id), at)
            tell = system_posts.left_team if actor.user_id == user_id else system_posts.removed_from_team
            await self._tell(change, [tell(channel, user) for channel in square])

        await self._changes.commit(work)

    async def get(self, actor: Actor, team_id: str, user_ids: Sequence[str]) -> Sequence[TeamMember]:
        """Return active memberships of visible users, in the order of the ids. Raises permission_denied."""

        async def read(tx: Transaction) -> Sequence[TeamMember]:
            require(
                may_in_team("view_team", actor.roles, await access.read_team(tx, actor.user_id, team_id)),
                "view_team",
            )
            found = await store.members(tx, team_id, user_ids)
            visible = await visible_ids(tx, actor, user_ids)
            return [found[id] for id in dict.fromkeys(user_ids) if id in visible and id in found and found[id].active]

        return await self._database.transact(read)

    async def list(self, actor: Actor, team_id: str, page: int, per_page: int) -> Sequence[TeamMember]:
        """Return a page of active memberships of visible users. Raises permission_denied."""

        async def read(tx: Transaction) -> Sequence[TeamMember]:
            require(
                may_in_team("view_team", actor.roles, await access.read_team(tx, actor.user_id, team_id)),
                "view_team",
            )
            found = await store.member_page(tx, team_id, per_page, offset_of(page, per_page))
            visible = await visible_ids(tx, actor, [member.user_id for member in found])
            return [member for member in found if member.user_id in visible]

        return await self._database.transact(read)

    async def list_memberships(self, actor: Actor, user_id: str) -> Sequence[TeamMember]:
        """Return a user's memberships in all teams, ended ones too. Raises permission_denied, user_not_found."""
        target = (await self._users.require([user_id]))[user_id]
        allowed = may_act_for(actor.user_id, user_id, actor.roles, target.roles)
        require(allowed or granted(actor.roles, "read_other_users_teams"), "read_other_users_teams")
        return await self._database.transact(lambda tx: store.memberships(tx, user_id))

    async def _tell(self, change: Change, notices: Sequence[Notice]) -> None:
        if self._settings.EnableJoinLeaveMessageByDefault:
            await post_system_messages(change, notices)

    async def _existing(self, tx: Transaction, team_id: str) -> Team:
        team = await store.read(tx, team_id)
        if team is None:
            raise DomainError(Reason.TEAM_NOT_FOUND, by="id")
        return team
