"""Finding channels, and what is asked of many of them at once."""

from collections.abc import Sequence

from services.chassis.database import Database, Transaction
from services.chassis.errors import DomainError, Reason
from services.messaging.domain import channel_directory as domain
from services.messaging.domain.access import (
    DIRECT,
    GROUP,
    OPEN,
    PRIVATE,
    READ_CHANNEL,
    may_act_for,
    may_in_team,
    may_see,
    require,
)
from services.messaging.domain.channel_directory import ChannelSearch, FoundChannel, MemberWithTeam, Scope
from services.messaging.domain.channels import Channel
from services.messaging.domain.teams import Team
from services.messaging.operations.actor import Actor
from services.messaging.operations.paging import offset_of
from services.messaging.operations.users import Users
from services.messaging.store import access
from services.messaging.store import channel_directory as store
from services.messaging.store import channels as channel_store
from services.messaging.store import posts as post_store
from services.messaging.store import teams as team_store


class ChannelDirectory:
    """Reads over many channels, each in a number of statements that does not grow with theirs."""

    def __init__(self, database: Database, users: Users) -> None:
        """Read from `database`, the primary."""
        self._database, self._users = database, users

    async def search(self, actor: Actor, search: ChannelSearch) -> tuple[Sequence[FoundChannel], int]:
        """Return a page of the channels described, by display name, and how many there are.

        Raises permission_denied, team_member_not_found.
        """

        async def read(tx: Transaction) -> tuple[Sequence[FoundChannel], int]:
            teams, types, foreign = await _bounds(tx, actor, search)
            return await store.search(
                tx, actor.user_id, teams=teams, types=[t for t in types if t in (search.types or types)],
                foreign=foreign, term=search.term, deleted=search.include_deleted or search.only_deleted,
                only_deleted=search.only_deleted, limit=search.per_page,
                offset=offset_of(search.page, search.per_page),
            )  # fmt: skip

        return await self._database.transact(read)

    async def count_members(self, actor: Actor, channel_ids: Sequence[str]) -> dict[str, int]:
        """Return how many members channels have. Raises permission_denied when one of them may not be seen."""
        ids = sorted(set(channel_ids))

        async def read(tx: Transaction) -> dict[str, int]:
            found = await access.read(tx, [(actor.user_id, id) for id in ids])
            require(all(domain.may_count(facts, actor.roles) for facts in found), READ_CHANNEL)
            return await store.counts(tx, ids)

        return await self._database.transact(read)

    async def get_public(self, actor: Actor, team_id: str, channel_ids: Sequence[str]) -> Sequence[Channel]:
        """Return those of the channels that are open ones of the team, by display name.

        Raises permission_denied, for guests also where they are in one of them not, channel_not_found for none.
        """

        async def read(tx: Transaction) -> Sequence[Channel]:
            roles = await access.read_team(tx, actor.user_id, team_id)
            require(may_in_team("view_team", actor.roles, roles), "view_team")
            found = await channel_store.read_all(tx, sorted(set(channel_ids)))
            shown = [channel for channel in found if channel.type == OPEN and channel.team_id == team_id]
            facts = await access.read(tx, [(actor.user_id, channel.id) for channel in shown])
            require(all(one is not None and may_see(one, actor.roles) for one in facts), READ_CHANNEL)
            if not shown:
                raise DomainError(Reason.CHANNEL_NOT_FOUND, by="ids")
            return sorted(shown, key=lambda channel: (channel.display_name, channel.id))

        return await self._database.transact(read)

    async def list_timezones(self, actor: Actor, channel_id: str) -> Sequence[str]:
        """Return the members' time zones. Raises permission_denied, also for an unknown channel."""

        async def read(tx: Transaction) -> Sequence[str]:
            await _require_read(tx, actor, channel_id)
            return await store.timezones(tx, channel_id)

        return await self._database.transact(read)

    async def list_common_teams(self, actor: Actor, channel_id: str) -> Sequence[Team]:
        """Return the teams that all members of a direct or group channel are in, by display name.

        Raises permission_denied, also for an unknown channel, channel_not_found for one of a team.
        """

        async def read(tx: Transaction) -> Sequence[Team]:
            facts = await access.read_one(tx, actor.user_id, channel_id)
            require(facts is not None and facts.may(READ_CHANNEL, actor.roles), READ_CHANNEL)
            if facts is None or facts.type not in (DIRECT, GROUP):
                raise DomainError(Reason.CHANNEL_NOT_FOUND)
            common = set(await store.common_teams(tx, channel_id))
            own = await team_store.of_user(tx, actor.user_id, actor.user_id)
            found = [team.shown_to(actor.roles, roles) for team, roles in own if team.id in common]
            return sorted(found, key=lambda team: (team.display_name, team.id))

        return await self._database.transact(read)

    async def locate_post(self, actor: Actor, post_id: str) -> domain.PostPlace:
        """Return where a post is. Raises post_not_found, also where it is not to be known."""

        async def read(tx: Transaction) -> domain.PostPlace:
            post = (await post_store.read(tx, [post_id])).get(post_id)
            if post is None or post.delete_at:
                raise DomainError(Reason.POST_NOT_FOUND)
            facts = await access.read_one(tx, actor.user_id, post.channel_id)
            channel = await channel_store.read(tx, post.channel_id)
            team = await team_store.read(tx, channel.team_id) if channel and channel.team_id else None
            if facts is None or channel is None or not domain.may_locate(facts, team, actor.roles):
                raise DomainError(Reason.POST_NOT_FOUND)
            return domain.PostPlace(channel, team, facts.channel is not None, facts.team is not None)

        return await self._database.snapshot(read)

    async def list_memberships(self, actor: Actor, user_id: str, page: int, per_page: int) -> Sequence[MemberWithTeam]:
        """Return a user's memberships with their teams, by channel; all of them when `per_page` is 0.

        Raises permission_denied, user_not_found.
        """
        if actor.user_id != user_id:
            target = (await self._users.require([user_id]))[user_id]
            require(may_act_for(actor.user_id, user_id, actor.roles, target.roles), "edit_other_users")
        return await self._database.transact(
            lambda tx: store.memberships(tx, user_id, per_page or None, offset_of(page, per_page))
        )


Bounds = tuple[Sequence[str] | None, Sequence[str], Sequence[str]]


async def _bounds(tx: Transaction, actor: Actor, search: ChannelSearch) -> Bounds:
    """Return the teams, the types, and the types of which channels of others are found too."""
    team_id, scope = search.team_id, search.scope
    if scope is Scope.EVERYTHING:
        require(domain.may_search_everything(actor.roles), "sysconsole_read_user_management_channels")
        return search.team_ids or None, (OPEN, PRIVATE), (OPEN, PRIVATE)
    if scope is Scope.ALL_TEAMS:
        inside = [m.team_id for m in await team_store.memberships(tx, actor.user_id) if m.active]
        listed = "system_guest" not in actor.roles
        return [t for t in inside if t in (search.team_ids or inside)], (OPEN, PRIVATE), (OPEN,) if listed else ()
    if scope is Scope.GROUPS:
        return ("",), (GROUP,), ()
    if scope is Scope.OWN:
        return (team_id, ""), (OPEN, PRIVATE, DIRECT, GROUP), ()
    roles = await access.read_team(tx, actor.user_id, team_id)
    listed = may_in_team("list_team_channels", actor.roles, roles)
    if scope is Scope.TEAM:
        require(listed, "list_team_channels")
        return (team_id,), (OPEN, PRIVATE), (OPEN,)
    if roles is None and not listed:
        raise DomainError(Reason.TEAM_MEMBER_NOT_FOUND)
    return (team_id,), (OPEN,), (OPEN,) if listed else ()


async def _require_read(tx: Transaction, actor: Actor, channel_id: str) -> None:
    facts = await access.read_one(tx, actor.user_id, channel_id)
    require(facts is not None and facts.may(READ_CHANNEL, actor.roles), READ_CHANNEL)
