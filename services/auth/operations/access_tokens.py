"""Personal access tokens. One that is taken away is gone at every edge once the caller has its answer."""

from collections.abc import Awaitable, Callable
from typing import Final

from chorus.common.v1 import events_pb2
from services.auth.domain import access_tokens as rules
from services.auth.domain.access_tokens import AccessToken
from services.auth.operations.accounts import Actor
from services.auth.operations.messages import sessions_revoked, topic_of
from services.auth.operations.revocation import Revocations
from services.auth.store import access_tokens as store
from services.auth.store import sessions as session_store
from services.auth.store import users
from services.chassis.clock import Clock
from services.chassis.database import Database, Transaction
from services.chassis.errors import DomainError, Reason
from services.chassis.events import EventLog
from services.chassis.ids import new_id, new_token
from services.chassis.permissions import granted

MAX_OFFSET: Final = 100_000
"""How deep pages go."""


class AccessTokens:
    """Tokens by which programs sign in for users."""

    def __init__(
        self, database: Database, log: EventLog, revocations: Revocations, clock: Clock, *, enabled: bool
    ) -> None:
        """Share the process's parts; `enabled` is EnableUserAccessTokens."""
        self._database, self._log, self._revocations, self._clock = database, log, revocations, clock
        self._enabled = enabled

    async def create(self, actor: Actor, user_id: str, description: str) -> tuple[AccessToken, str]:
        """Make a token; return it, and its secret, which is told this once.

        Raises access_tokens_disabled, permission_denied, user_not_found, invalid_access_token.
        """
        await self._check(rules.CREATE, actor, user_id)
        if not self._enabled:
            raise DomainError(Reason.ACCESS_TOKENS_DISABLED)
        token, secret = AccessToken(new_id(), user_id, rules.described(description), True), new_token()
        hashed, now = session_store.hash_of(secret), self._clock.now_ms()
        await self._database.transact(lambda tx: store.insert(tx, token, hashed, now))
        return token, secret

    async def get(self, actor: Actor, token_id: str) -> AccessToken:
        """Return a token. Raises permission_denied, access_token_not_found."""
        return await self._found(rules.READ, actor, token_id)

    async def page(self, actor: Actor, user_id: str, page: int, per_page: int) -> list[AccessToken]:
        """Return a page of a user's tokens, or to administrators of everybody's. Raises permission_denied, …"""
        if user_id:
            await self._check(rules.READ, actor, user_id)
        elif not granted(actor.roles, "manage_system"):
            raise DomainError(Reason.PERMISSION_DENIED, permission="manage_system")
        if page * per_page > MAX_OFFSET:
            raise DomainError(Reason.INVALID_ARGUMENT, field="page")
        return await store.page(self._database, user_id, per_page, page * per_page)

    async def set_active(self, actor: Actor, token_id: str, active: bool) -> None:
        """Let a token sign in, or no longer. Raises permission_denied, access_token_not_found."""
        token = await self._found(rules.CREATE if active else rules.REVOKE, actor, token_id)
        await self._change(token, lambda tx: store.set_active(tx, token.id, active))

    async def revoke(self, actor: Actor, token_id: str) -> None:
        """End a token for good. Raises permission_denied, access_token_not_found."""
        token = await self._found(rules.REVOKE, actor, token_id)
        await self._change(token, lambda tx: store.delete(tx, token.id))

    async def _change(self, token: AccessToken, work: Callable[[Transaction], Awaitable[object]]) -> None:
        """Change a token and have every edge ask anew about it: nobody goes on with what it was."""

        async def whole(tx: Transaction) -> list[events_pb2.LogEntry]:
            topic = topic_of(token.user_id)
            topics = await self._log.lock(tx, [topic])
            await work(tx)
            told = sessions_revoked(token.user_id, [token.id], topics[topic].next_at(self._clock.now_ms()))
            return await self._log.append(tx, topics, [told])

        async def commit() -> None:
            await self._revocations.announce(await self._database.transact(whole))

        await self._revocations.uninterrupted(commit)

    async def _check(self, permission: str, actor: Actor, user_id: str) -> None:
        account = await users.by_id(self._database, user_id)
        rules.check(permission, actor.user_id, actor.roles, account.user if account else None, user_id)

    async def _found(self, permission: str, actor: Actor, token_id: str) -> AccessToken:
        if not granted(actor.roles, permission):
            raise DomainError(Reason.PERMISSION_DENIED, permission=permission)
        token = await store.get(self._database, token_id)
        if token is None:
            raise DomainError(Reason.ACCESS_TOKEN_NOT_FOUND)
        await self._check(permission, actor, token.user_id)
        return token
