"""Teams: making, finding and changing them."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from chorus.messaging.v1 import events_pb2
from services.chassis.config import Settings
from services.chassis.database import Database, Transaction
from services.chassis.errors import DomainError, Reason
from services.chassis.ids import new_id
from services.chassis.permissions import granted
from services.chassis.topics import channel_topic, team_topic, user_topic
from services.messaging.domain import channels, teams
from services.messaging.domain.access import OPEN, may_in_team, require
from services.messaging.domain.channels import Channel
from services.messaging.domain.system_posts import Notice
from services.messaging.domain.teams import Team, TeamPatch
from services.messaging.operations.actor import Actor
from services.messaging.operations.changing import Change, Changes
from services.messaging.operations.paging import offset_of
from services.messaging.operations.system_posts import post_system_messages
from services.messaging.operations.team_entering import arrival, enter_team
from services.messaging.operations.users import Users
from services.messaging.store import access
from services.messaging.store import channels as channel_store
from services.messaging.store import teams as store
from services.messaging.wire import teams as wire


class TeamOperations:
    """What can be done with teams."""

    def __init__(self, database: Database, changes: Changes, settings: Settings, users: Users) -> None:
        """Work on `database`; limits are those of TeamSettings."""
        self._database, self._changes, self._users = database, changes, users
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
            await enter_team(change, team, [creator], made, admin=True)
            await self._tell(change, arrival(made, creator, creator))
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

    async def search(self, actor: Actor, term: str, page: int, per_page: int) -> tuple[Sequence[Team], int]:
        """Return those teams that the actor may find with the term in a name; none for who may find none."""
        open_ones = granted(actor.roles, "list_public_teams")
        closed_ones = granted(actor.roles, "list_private_teams")
        if not (open_ones or closed_ones):
            return (), 0
        found, total = await self._database.transact(
            lambda tx: store.page(
                tx,
                actor.user_id,
                open_ones=open_ones,
                closed_ones=closed_ones,
                term=term,
                limit=per_page,
                offset=offset_of(page, per_page),
            )
        )
        return [team.shown_to(actor.roles, roles) for team, roles in found], total

    async def get_stats(self, actor: Actor, team_id: str) -> tuple[int, int]:
        """Return how many members a team has that the actor sees, and how many of them are active.

        Raises permission_denied, also for an unknown team.
        """
        viewer_id = "" if granted(actor.roles, "view_members") else actor.user_id

        async def read(tx: Transaction) -> tuple[int, int]:
            roles = await access.read_team(tx, actor.user_id, team_id)
            require(may_in_team("view_team", actor.roles, roles), "view_team")
            return await store.stats(tx, team_id, viewer_id)

        return await self._database.transact(read)

    async def get_invitation(self, invite_id: str) -> Team:
        """Return the team that an invitation leads to. Raises team_not_found."""
        team = await self._database.transact(lambda tx: store.invited(tx, invite_id))
        if team is None or team.delete_at:
            raise DomainError(Reason.TEAM_NOT_FOUND, by="invitation")
        return team

    async def regenerate_invite_id(self, actor: Actor, team_id: str) -> Team:
        """Replace a team's invitation: who has the old one does not come in with it any more.

        Raises team_not_found, permission_denied.
        """
        return await self._change(actor, team_id, lambda team, at: replace(team, update_at=at, invite_id=new_id()))

    async def patch(self, actor: Actor, team_id: str, patch: TeamPatch) -> Team:
        """Change parts of a team; made to be joined by invitation only, it gets a new one.

        Raises team_not_found, permission_denied, invalid_team.
        """
        return await self._change(actor, team_id, lambda team, at: patch.apply(team, at, new_id()))

    async def _change(self, actor: Actor, team_id: str, decide: Callable[[Team, int], Team]) -> Team:
        async def work(change: Change) -> Team:
            await self._existing(change.tx, team_id)
            await change.lock([team_topic(team_id)])
            before = await self._existing(change.tx, team_id)
            roles = await access.read_team(change.tx, actor.user_id, team_id)
            at = change.next_at(team_topic(team_id))
            team = decide(before, at)
            teams.require_change(before, team, actor.roles, roles)
            teams.check(team)
            await store.update(change.tx, team)
            change.announce(team_topic(team_id), events_pb2.TeamUpdated(team=wire.team(team.announced())), at)
            return team.shown_to(actor.roles, roles)

        return await self._changes.commit(work)

    async def _tell(self, change: Change, notices: Sequence[Notice]) -> None:
        if self._settings.EnableJoinLeaveMessageByDefault:
            await post_system_messages(change, notices)

    async def _existing(self, tx: Transaction, team_id: str) -> Team:
        team = await store.read(tx, team_id)
        if team is None:
            raise DomainError(Reason.TEAM_NOT_FOUND, by="id")
        return team
