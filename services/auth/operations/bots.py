"""Bots: making, finding and changing them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from chorus.common.v1 import events_pb2
from services.auth.domain import bots as rules
from services.auth.domain.bots import Bot, BotPatch
from services.auth.operations.accounts import Accounts, Actor, activated
from services.auth.operations.messages import CLUSTER, user_created, user_updated
from services.auth.operations.users import check_free
from services.auth.store import bots as store
from services.auth.store import users
from services.chassis.clock import Clock
from services.chassis.database import Database, Transaction
from services.chassis.errors import DomainError, Reason
from services.chassis.events import EventLog, Publisher
from services.chassis.ids import new_id
from services.chassis.permissions import granted

MAX_OFFSET: Final = 100_000
"""How deep pages go."""


class Bots:
    """Users whom programs post as."""

    def __init__(
        self,
        database: Database,
        log: EventLog,
        publisher: Publisher,
        accounts: Accounts,
        clock: Clock,
        *,
        enabled: bool,
        locale: str,
    ) -> None:
        """Share the process's parts; `enabled` is EnableBotAccountCreation, `locale` that of new users."""
        self._database, self._log, self._publisher, self._accounts = database, log, publisher, accounts
        self._clock, self._enabled, self._locale = clock, enabled, locale

    async def create(self, actor: Actor, asked: BotPatch) -> Bot:
        """Make a bot of the actor's. Raises permission_denied, bots_disabled, invalid_user, username_taken."""
        if not granted(actor.roles, "create_bot"):
            raise DomainError(Reason.PERMISSION_DENIED, permission="create_bot")
        if not self._enabled:
            raise DomainError(Reason.BOTS_DISABLED)
        if await store.get(self._database, actor.user_id) is not None:
            raise DomainError(Reason.PERMISSION_DENIED, permission="create_bot")  # bots make no bots
        draft = rules.new_bot(new_id(), actor.user_id, self._locale, asked)

        async def work(tx: Transaction) -> tuple[Bot, list[events_pb2.LogEntry]]:
            topics = await self._log.lock(tx, [CLUSTER])
            at = topics[CLUSTER].next_at(self._clock.now_ms())
            bot = replace(draft, user=replace(draft.user, create_at=at, update_at=at))
            await check_free(tx, bot.user)
            await users.insert(tx, bot.user, password_hash="")
            await store.mark(tx, bot)
            return bot, await self._log.append(tx, topics, [user_created(bot.user)])

        bot, entries = await self._database.transact(work)
        self._publisher.publish_soon(entries)
        return bot

    async def get(self, actor: Actor, bot_id: str, *, include_inactive: bool) -> Bot:
        """Return a bot. Raises bot_not_found."""
        bot = rules.known(await store.get(self._database, bot_id), actor.user_id, actor.roles)
        if bot.user.delete_at and not include_inactive:
            raise DomainError(Reason.BOT_NOT_FOUND)
        return bot

    async def page(
        self, actor: Actor, page: int, per_page: int, *, include_inactive: bool, only_orphaned: bool
    ) -> list[Bot]:
        """Return a page of the bots that the actor may know. Raises permission_denied, invalid_argument(page)."""
        everybody = granted(actor.roles, "read_others_bots")
        if not (everybody or granted(actor.roles, "read_bots")):
            raise DomainError(Reason.PERMISSION_DENIED, permission="read_bots")
        if page * per_page > MAX_OFFSET:
            raise DomainError(Reason.INVALID_ARGUMENT, field="page")
        owner_id = "" if everybody else actor.user_id
        return await store.page(
            self._database,
            owner_id,
            per_page,
            page * per_page,
            inactive=include_inactive,
            orphaned=only_orphaned,
        )

    async def patch(self, actor: Actor, bot_id: str, patch: BotPatch) -> Bot:
        """Change parts of a bot. Raises bot_not_found, permission_denied, invalid_user, username_taken."""
        return await self._change(actor, bot_id, lambda bot: rules.patched(bot, patch))

    async def assign(self, actor: Actor, bot_id: str, owner_id: str) -> Bot:
        """Give a bot to another user. Raises bot_not_found, permission_denied, user_not_found."""
        account = await users.by_id(self._database, owner_id)

        def given(bot: Bot) -> Bot:
            if account is None:
                raise DomainError(Reason.USER_NOT_FOUND)
            if account.user.is_bot:
                raise DomainError(Reason.PERMISSION_DENIED, permission="assign_bot")
            return replace(bot, owner_id=owner_id)

        return await self._change(actor, bot_id, given)

    async def _change(self, actor: Actor, bot_id: str, decide: Callable[[Bot], Bot]) -> Bot:
        async def work(tx: Transaction) -> tuple[Bot, list[events_pb2.LogEntry]]:
            topics = await self._log.lock(tx, [CLUSTER])
            before = rules.managed(await store.get(tx, bot_id), actor.user_id, actor.roles)
            after = decide(before)
            await check_free(tx, after.user)
            at = topics[CLUSTER].next_at(self._clock.now_ms())
            after = replace(after, user=replace(after.user, update_at=at))
            await users.update(tx, after.user)
            await store.mark(tx, after)
            return after, await self._log.append(tx, topics, [user_updated(after.user)])

        bot, entries = await self._database.transact(work)
        self._publisher.publish_soon(entries)
        return bot

    async def set_active(self, actor: Actor, bot_id: str, active: bool) -> Bot:
        """Let a bot work, or no longer: its tokens sign in no more. Raises bot_not_found, permission_denied."""
        bot = rules.managed(await store.get(self._database, bot_id), actor.user_id, actor.roles)
        now = self._clock.now_ms()
        return replace(bot, user=await self._accounts.change(bot_id, lambda user: activated(user, active, now)))
