"""Direct and group channels: made when first asked for, the same one whoever asks."""

from collections.abc import Sequence

from chorus.messaging.v1 import events_pb2
from services.chassis.config import Settings
from services.chassis.database import Database, Transaction
from services.chassis.errors import DomainError, Reason
from services.chassis.ids import new_id
from services.chassis.permissions import granted
from services.chassis.topics import channel_topic, user_topic
from services.messaging.domain import channels, memberships
from services.messaging.domain.access import DIRECT, GROUP, require
from services.messaging.domain.channels import Channel
from services.messaging.domain.users import User
from services.messaging.operations.actor import Actor
from services.messaging.operations.changing import Change, Changes
from services.messaging.operations.users import Users
from services.messaging.operations.visibility import visible_ids
from services.messaging.store import channels as store
from services.messaging.store import memberships as membership_store
from services.messaging.store import teams as team_store


class PersonalChannelOperations:
    """What can be done with the channels that belong to their users and to no team."""

    def __init__(self, database: Database, changes: Changes, settings: Settings, users: Users) -> None:
        """Work on `database`; RestrictDirectMessage says who may write to whom."""
        self._database, self._changes, self._users = database, changes, users
        self._within_team = settings.TeamSettings.RestrictDirectMessage == "team"

    async def create_direct(self, actor: Actor, user_ids: Sequence[str]) -> Channel:
        """Return the channel of two users, made if there is none yet; the same user twice for notes to oneself.

        Raises direct_channel_users, permission_denied, user_not_found.
        """
        ids = channels.direct_users(user_ids)
        require(granted(actor.roles, "create_direct_channel"), "create_direct_channel")
        require(actor.user_id in ids or granted(actor.roles, "manage_system"), "manage_system")
        users = await self._users.require(ids)
        await self._require_visible(actor, ids)
        name = channels.direct_name(ids[0], ids[-1])
        return await self._create(actor, users, DIRECT, name, "")

    async def create_group(self, actor: Actor, user_ids: Sequence[str]) -> Channel:
        """Return the channel of three to eight users, the actor among them, made if there is none yet.

        Raises group_channel_size, permission_denied, user_not_found.
        """
        ids = channels.group_users(user_ids, actor.user_id)
        require(granted(actor.roles, "create_group_channel"), "create_group_channel")
        users = await self._users.require(ids)
        await self._require_visible(actor, ids)
        display_name = channels.group_display_name(users.values())
        return await self._create(actor, users, GROUP, channels.group_name(ids), display_name)

    async def _require_visible(self, actor: Actor, user_ids: Sequence[str]) -> None:
        async def read(tx: Transaction) -> None:
            visible = await visible_ids(tx, actor, user_ids)
            require(visible >= set(user_ids), "view_members")
            if self._within_team and not granted(actor.roles, "manage_system"):
                others = [id for id in user_ids if id != actor.user_id]
                mates = await team_store.teammates(tx, actor.user_id, others)
                require(mates >= set(others), "view_members")

        await self._database.transact(read)

    async def _create(self, actor: Actor, users: dict[str, User], kind: str, name: str, display_name: str) -> Channel:
        found = await self._database.transact(lambda tx: store.named(tx, "", [name]))
        if found:
            return found[0]
        channel_id = new_id()

        async def work(change: Change) -> Channel:
            # Whoever makes the same channel now waits here, for its users are the same.
            await change.lock(user_topic(id) for id in users)
            if found := await store.named(change.tx, "", [name]):
                return found[0]
            await change.lock([channel_topic(channel_id)])
            at = change.next_at(channel_topic(channel_id))
            channel = Channel(
                id=channel_id,
                create_at=at,
                update_at=at,
                delete_at=0,
                team_id="",
                type=kind,
                display_name=display_name,
                name=name,
                creator_id=actor.user_id,
            )
            if not await store.insert(change.tx, [channel]):
                raise DomainError(Reason.CHANNEL_NAME_TAKEN)
            members = [memberships.new_member(channel_id, user, at) for user in users.values()]
            await membership_store.insert(change.tx, members)
            for user_id in users:
                change.announce(user_topic(user_id), _joined(channel, user_id, list(users)), at)
            return channel

        return await self._changes.commit(work)


def _joined(channel: Channel, user_id: str, user_ids: list[str]) -> events_pb2.ChannelJoined:
    """Return what a user hears of a channel that was just made: it listens from the topic's first event on."""
    others = [id for id in user_ids if id != user_id] or [user_id]
    return events_pb2.ChannelJoined(
        channel_id=channel.id,
        channel_type=channel.type,
        creator_id=channel.creator_id,
        teammate_id=others[0] if channel.type == DIRECT else "",
        teammate_ids=sorted(user_ids) if channel.type == GROUP else (),
        is_new=True,
    )
