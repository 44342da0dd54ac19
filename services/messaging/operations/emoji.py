"""Custom emoji: their names, and who made them."""

from collections.abc import Sequence

from chorus.messaging.v1 import events_pb2
from services.chassis.database import Database, Transaction
from services.chassis.errors import DomainError, Reason
from services.messaging.domain import emoji as domain
from services.messaging.domain.emoji import Emoji
from services.messaging.operations.actor import Actor
from services.messaging.operations.changing import Change, Changes
from services.messaging.operations.paging import offset_of
from services.messaging.store import emoji as store
from services.messaging.wire import emoji as wire

_TOPIC = store.TOPIC


class EmojiOperations:
    """What can be done with custom emoji; everybody hears of a new one."""

    def __init__(self, database: Database, changes: Changes) -> None:
        """Work on `database`."""
        self._database, self._changes = database, changes

    async def check(self, actor: Actor, name: str) -> None:
        """Raise what `create` would, before a picture is taken in: permission_denied, invalid_emoji."""

        async def read(tx: Transaction) -> None:
            domain.require_create(actor.roles, await store.team_roles(tx, actor.user_id))
            domain.check_name(name)
            if await store.find(tx, names=[name]):
                raise DomainError(Reason.INVALID_EMOJI, fault="duplicate")

        await self._database.transact(read)

    async def create(self, actor: Actor, emoji_id: str, name: str) -> Emoji:
        """Make an emoji under an id; again is no change. Raises permission_denied, invalid_emoji."""

        async def work(change: Change) -> Emoji:
            await change.lock([_TOPIC])
            domain.require_create(actor.roles, await store.team_roles(change.tx, actor.user_id))
            domain.check_name(name)
            if (made := await store.read(change.tx, emoji_id)) is not None:
                return made
            at = change.next_at(_TOPIC)
            emoji = Emoji(emoji_id, name, actor.user_id, at, at)
            if not await store.insert(change.tx, emoji):
                raise DomainError(Reason.INVALID_EMOJI, fault="duplicate")
            change.announce(_TOPIC, events_pb2.EmojiAdded(emoji=wire.emoji(emoji)), at)
            return emoji

        return await self._changes.commit(work)

    async def list(self, page: int, per_page: int, *, by_name: bool) -> Sequence[Emoji]:
        """Return a page of all emoji, by name or by age."""
        offset = offset_of(page, per_page)
        return await self._database.transact(lambda tx: store.page(tx, by_name=by_name, limit=per_page, offset=offset))

    async def find(self, ids: Sequence[str], names: Sequence[str]) -> Sequence[Emoji]:
        """Return those of the emoji that exist, by name."""
        return await self._database.transact(lambda tx: store.find(tx, ids=ids, names=names))

    async def search(self, term: str, *, prefix: bool, limit: int) -> Sequence[Emoji]:
        """Return emoji whose names hold a term, or begin with it, by name."""
        return await self._database.transact(lambda tx: store.search(tx, term, prefix=prefix, limit=limit))

    async def delete(self, actor: Actor, emoji_id: str) -> None:
        """Remove an emoji; its name is free again. Raises permission_denied, emoji_not_found."""

        async def work(change: Change) -> None:
            await change.lock([_TOPIC])
            emoji = await store.read(change.tx, emoji_id)
            if emoji is None or emoji.delete_at:
                raise DomainError(Reason.EMOJI_NOT_FOUND, by="id")
            teams = await store.team_roles(change.tx, actor.user_id)
            domain.require_delete(emoji, actor.user_id, actor.roles, teams)
            at = change.next_at(_TOPIC)
            await store.delete(change.tx, emoji_id, at)
            change.announce(_TOPIC, events_pb2.EmojiRemoved(emoji_id=emoji_id), at)

        await self._changes.commit(work)
