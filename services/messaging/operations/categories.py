"""The headings of a user's sidebar."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from chorus.messaging.v1 import events_pb2
from services.chassis.database import Database, Transaction
from services.chassis.errors import DomainError, Reason
from services.chassis.ids import new_id
from services.chassis.topics import user_topic
from services.messaging.domain import categories
from services.messaging.domain.access import may_act_for, may_in_team, require
from services.messaging.domain.categories import Category
from services.messaging.operations.actor import Actor
from services.messaging.operations.changing import Change, Changes
from services.messaging.operations.users import Users
from services.messaging.store import access
from services.messaging.store import categories as store
from services.messaging.store import memberships as member_store
from services.messaging.wire import categories as wire
from services.messaging.wire import memberships as member_wire


class CategoryOperations:
    """What can be done with sidebar categories. A change is told to the user's own sockets alone."""

    def __init__(self, database: Database, changes: Changes, users: Users) -> None:
        """Work on `database`."""
        self._database, self._changes, self._users = database, changes, users

    async def list(self, actor: Actor, user_id: str, team_id: str) -> Sequence[Category]:
        """Return a user's headings in a team, in their order. Raises user_not_found, permission_denied."""
        await self._require_for(actor, user_id)

        async def read(tx: Transaction) -> Sequence[Category]:
            await _require_team(tx, actor, team_id)
            return await _arranged(tx, user_id, team_id)

        return await self._database.transact(read)

    async def create(self, actor: Actor, asked: Category) -> Category:
        """Make a custom heading behind the favorites; its channels leave the ones that they were under.

        Raises user_not_found, permission_denied, invalid_argument, categories_refused.
        """
        user_id, team_id = asked.user_id, asked.team_id
        await self._require_for(actor, user_id)
        named = replace(asked, id=new_id())

        async def work(change: Change) -> Category:
            topic = user_topic(user_id)
            await change.lock([topic])
            await _require_team(change.tx, actor, team_id)
            present = await _arranged(change.tx, user_id, team_id)
            made, *moved = categories.new(named, present, _channels_of(present))
            await store.put(change.tx, user_id, team_id, [made, *moved])
            await store.fill(change.tx, user_id, team_id, [made])
            body = events_pb2.CategoryCreated(category_id=made.id, team_id=team_id)
            change.announce(topic, body, change.next_at(topic))
            return made

        return await self._changes.commit(work)

    async def update(self, actor: Actor, user_id: str, team_id: str, asked: Sequence[Category]) -> Sequence[Category]:
        """Change headings and what is under them; item i of the answer belongs to heading i.

        Raises user_not_found, permission_denied, invalid_argument when one is none of the user's.
        """
        await self._require_for(actor, user_id)

        async def work(change: Change) -> Sequence[Category]:
            topic = user_topic(user_id)
            await change.lock([topic])
            await _require_team(change.tx, actor, team_id)
            present = await _arranged(change.tx, user_id, team_id)
            known, inside = {category.id: category for category in present}, _channels_of(present)
            if any(category.id not in known for category in asked):
                raise DomainError(Reason.INVALID_ARGUMENT, field="category")
            after = {c.id: categories.changed(known[c.id], c, inside) for c in asked}
            await store.put(change.tx, user_id, team_id, list(after.values()))
            await store.fill(change.tx, user_id, team_id, list(after.values()))
            arranged = await _arranged(change.tx, user_id, team_id)
            now = {category.id: category for category in arranged}
            shown = [now[id] for id in after]
            body = events_pb2.CategoriesUpdated(categories=map(wire.category, shown), team_id=team_id)
            change.announce(topic, body, change.next_at(topic))
            await _mute(change, user_id, categories.remuted(present, arranged))
            return [now[category.id] for category in asked]

        return await self._changes.commit(work)

    async def order(self, actor: Actor, user_id: str, team_id: str, ids: Sequence[str]) -> None:
        """Put the headings into an order.

        Raises user_not_found, permission_denied, categories_refused when `ids` are not exactly the user's.
        """
        await self._require_for(actor, user_id)

        async def work(change: Change) -> None:
            topic = user_topic(user_id)
            await change.lock([topic])
            await _require_team(change.tx, actor, team_id)
            present = await _arranged(change.tx, user_id, team_id)
            await store.put(change.tx, user_id, team_id, categories.reordered(present, ids))
            body = events_pb2.CategoriesOrdered(category_ids=ids, team_id=team_id)
            change.announce(topic, body, change.next_at(topic))

        await self._changes.commit(work)

    async def delete(self, actor: Actor, user_id: str, team_id: str, category_id: str) -> None:
        """Remove a custom heading. Raises user_not_found, permission_denied, categories_refused."""
        await self._require_for(actor, user_id)

        async def work(change: Change) -> None:
            topic = user_topic(user_id)
            await change.lock([topic])
            await _require_team(change.tx, actor, team_id)
            present = await _arranged(change.tx, user_id, team_id)
            categories.require_custom(categories.owned(present, category_id))
            await store.delete(change.tx, user_id, team_id, category_id)
            body = events_pb2.CategoryDeleted(category_id=category_id, team_id=team_id)
            change.announce(topic, body, change.next_at(topic))

        await self._changes.commit(work)

    async def _require_for(self, actor: Actor, user_id: str) -> None:
        target = (await self._users.require([user_id]))[user_id]
        require(may_act_for(actor.user_id, user_id, actor.roles, target.roles), "edit_other_users")


async def _mute(change: Change, user_id: str, muted: Mapping[str, bool]) -> None:
    """Mute channels, or no longer, with the headings that they are under."""
    if not muted:
        return
    topic = user_topic(user_id)
    at = change.next_at(topic)
    await member_store.lock_rows(change.tx, user_id, list(muted))
    for member in await member_store.mute(change.tx, user_id, muted, at):
        change.announce(topic, events_pb2.MemberUpdated(member=member_wire.member(member)), at)


async def _arranged(tx: Transaction, user_id: str, team_id: str) -> list[Category]:
    stored, placed = await store.read(tx, user_id, team_id)
    return categories.arrange(user_id, team_id, stored, placed)


async def _require_team(tx: Transaction, actor: Actor, team_id: str) -> None:
    require(may_in_team("view_team", actor.roles, await access.read_team(tx, actor.user_id, team_id)), "view_team")


def _channels_of(present: Sequence[Category]) -> set[str]:
    """Return the user's channels: each is under one heading."""
    return {channel_id for category in present for channel_id in category.channel_ids}
