"""Teams and who is in them."""

from collections.abc import Sequence
from dataclasses import replace

from chorus.messaging.v1 import events_pb2
from services.chassis.clock import Clock
from services.chassis.config import Settings
from services.chassis.database import Database, Transaction
from services.chassis.errors import DomainError, Reason
from services.chassis.events import EventLog, Publisher, channel_topic, team_topic, user_topic
from services.chassis.ids import new_id
from services.chassis.permissions import granted
from services.messaging.domain import channels, system_posts, teams
from services.messaging.domain.access import OPEN, may_act_for, may_in_team, require
from services.messaging.domain.channels import Channel
from services.messaging.domain.system_posts import Notice
from services.messaging.domain.teams import Team, TeamMember, TeamPatch
from services.messaging.domain.users import User
from services.messaging.operations.actor import Actor
from services.messaging.operations.changing import Change, Changes, Moved
from services.messaging.operations.entering import enter, leave
from services.messaging.operations.paging import offset_of
from services.messaging.operations.system_posts import post_system_messages
from services.messaging.operations.users import Users
from services.messaging.operations.visibility import visible_ids
from services.messaging.store import access
from services.messaging.store import categories as category_store
from services.messaging.store import channels as channel_store
from services.messaging.store import memberships as membership_store
from services.messaging.store import teams as store
from services.messaging.wire import teams as wire


class TeamOperations:
    """What can be done with teams."""

    def __init__(
        self,
        database: Database,
        events: EventLog,
        publisher: Publisher,
        clock: Clock,
        settings: Settings,
        users: Users,
    ) -> None:
        """Work on `database`; limits are those of TeamSettings."""
        self._database, self._users = database, users
        self._changes = Changes(database, events, publisher, clock)
        self._settings = settings.TeamSettings

    async def create(self, actor: Actor, asked: Team) -> Team:
        """Create a team with its default channels, its creator in them. Raises invalid_team, team_name_taken."""
        require(granted(actor.roles, "create_team"), "create_team")
        creator = (await self._users.require([actor.user_id]))[actor.user_id]
        team_id, invite_id = new_id(), new_id()
        named = [(new_id(), name) for name in channels.default_names(self._settings.ExperimentalDefaultChannels)]

        async def work(change: Change) -> Team:
            topics = [team_topic(team_id), user_topic(actor.user_id), *(channel_topic(id) for id, _ in named)]
            await change.lock(topics)
            at = change.next_at(team_topic(team_id))
            team = replace(
                asked,
                id=team_id,
                invite_id=invite_id,
                email=asked.email or creator.email,
                create_at=at,
                update_at=at,
                delete_at=0,
            )
            teams.check(team)
            if not await store.insert(change.tx, team):
                raise DomainError(Reason.TEAM_NAME_TAKEN)
            made = [
                Channel(
                    id=id,
                    create_at=at,
                    update_at=at,
                    delete_at=0,
                    team_id=team_id,
                    type=OPEN,
                    display_name=channels.default_display_name(name),
                    name=name,
                    creator_id=actor.user_id,
                )
                for id, name in named
            ]
            await channel_store.insert(change.tx, made)
            await self._join(change, team, creator, made, admin=True)
            await self._tell(change, _arrival(made, creator, creator))
            return team

        return await self._changes.commit(work)

    async def get(self, actor: Actor, *, team_id: str = "", name: str = "") -> Team:
        """Return a team by id or name. Raises team_not_found, permission_denied."""
        found = await self._database.transact(lambda tx: store.view(tx, actor.user_id, team_id=team_id, name=name))
        if found is None:
            raise DomainError(Reason.TEAM_NOT_FOUND, by="id" if team_id else "name")
        team, roles = found
        require(teams.may_view(team, actor.roles, roles, by_name=not team_id), "view_team")
        return team.shown_to(actor.roles, roles)

    async def list(self, actor: Actor, page: int, per_page: int) -> tuple[Sequence[Team], int]:
        """Return a page of the teams that the actor may find, and how many there are. Raises permission_denied."""
        open_ones = granted(actor.roles, "list_public_teams")
        closed_ones = granted(actor.roles, "list_private_teams")
        require(open_ones or closed_ones, "list_public_teams")
        found, total = await self._database.transact(
            lambda tx: store.page(
                tx,
                actor.user_id,
                open_ones=open_ones,
                closed_ones=closed_ones,
                limit=per_page,
                offset=offset_of(page, per_page),
            )
        )
        return [team.shown_to(actor.roles, roles) for team, roles in found], total

    async def list_for_user(self, actor: Actor, user_id: str) -> Sequence[Team]:
        """Return a user's teams. Raises permission_denied."""
        permission = "sysconsole_read_user_management_users"
        require(actor.user_id == user_id or granted(actor.roles, permission), permission)
        found = await self._database.transact(lambda tx: store.of_user(tx, actor.user_id, user_id))
        return [team.shown_to(actor.roles, roles) for team, roles in found]

    async def patch(self, actor: Actor, team_id: str, patch: TeamPatch) -> Team:
        """Change parts of a team. Raises team_not_found, permission_denied, invalid_team."""

        async def work(change: Change) -> Team:
            await self._existing(change.tx, team_id)
            await change.lock([team_topic(team_id)])
            before = await self._existing(change.tx, team_id)
            roles = await access.read_team(change.tx, actor.user_id, team_id)
            teams.require_patch(patch, actor.roles, roles)
            at = change.next_at(team_topic(team_id))
            team = patch.apply(before, at)
            teams.check(team)
            await store.update(change.tx, team)
            change.announce(team_topic(team_id), events_pb2.TeamUpdated(team=wire.team(team.announced())), at)
            return team.shown_to(actor.roles, roles)

        return await self._changes.commit(work)

    async def add_member(self, actor: Actor, team_id: str, user_id: str) -> TeamMember:
        """Put a user into a team and its default channels, a guest into no channel; again is no change.

        Raises team_not_found, user_not_found, permission_denied, team_full, team_domain_refused.
        """
        known = await self._users.require([actor.user_id, user_id])
        by, user = known[actor.user_id], known[user_id]
        names = channels.default_names(self._settings.ExperimentalDefaultChannels)

        async def work(change: Change) -> TeamMember:
            await self._existing(change.tx, team_id)
            channel_ids = [c.id for c in await channel_store.named(change.tx, team_id, names)]
            topics = [team_topic(team_id), user_topic(user_id), *(channel_topic(id) for id in channel_ids)]
            await change.lock(topics)
            team = await self._existing(change.tx, team_id)
            roles = await access.read_team(change.tx, actor.user_id, team_id)
            member = (await store.members(change.tx, team_id, [user_id])).get(user_id)
            inside = member is not None and member.active
            if not (inside and actor.user_id == user_id):
                teams.require_add(team, user, actor.user_id, actor.roles, roles)
            if member is not None and inside:
                return member
            full = await store.size(change.tx, team_id) >= self._settings.MaxUsersPerTeam
            teams.require_room(team, user, full=full)
            found = [] if user.is_guest else await channel_store.named(change.tx, team_id, names)
            defaults = [channel for channel in found if not channel.delete_at]
            member = await self._join(change, team, user, defaults)
            await self._tell(change, _arrival(defaults, by, user))
            return member

        return await self._changes.commit(work)

    async def remove_member(self, actor: Actor, team_id: str, user_id: str) -> None:
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

    async def get_members(self, actor: Actor, team_id: str, user_ids: Sequence[str]) -> Sequence[TeamMember]:
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

    async def list_members(self, actor: Actor, team_id: str, page: int, per_page: int) -> Sequence[TeamMember]:
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

    async def _join(
        self, change: Change, team: Team, user: User, defaults: Sequence[Channel], *, admin: bool = False
    ) -> TeamMember:
        """Begin the membership and enter the default channels; their topics, the team's and the user's are locked."""
        at = change.next_at(team_topic(team.id))
        member = teams.new_member(team.id, user, at, admin=admin)
        await store.put_member(change.tx, member)
        seq = change.announce(team_topic(team.id), events_pb2.TeamMemberAdded(team_id=team.id, user_id=user.id), at)
        change.announce(user_topic(user.id), events_pb2.TeamJoined(team_id=team.id, team_seq=seq), at)
        inside = await membership_store.channels_of(change.tx, user.id, [c.id for c in defaults])
        await enter(change, [(c, user) for c in defaults if c.id not in inside], admin=admin)
        return member


def _arrival(defaults: Sequence[Channel], by: User, user: User) -> list[Notice]:
    """Return what the default channels tell of a user who came into the team, by itself or by another."""
    notices = []
    for channel in defaults:
        if channel.is_town_square and by.id == user.id:
            notices.append(system_posts.joined_team(channel, user))
        elif channel.is_town_square:
            notices.append(system_posts.added_to_team(channel, by, user))
        elif by.id == user.id:
            notices.append(system_posts.joined_channel(channel, user))
        else:
            notices.append(system_posts.added_to_channel(channel, by, user))
    return notices
