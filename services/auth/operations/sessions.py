"""Whose a token is, and the end of sessions."""

from collections.abc import Sequence

from chorus.common.v1 import events_pb2
from services.auth.domain import sessions as rules
from services.auth.domain.access_tokens import session as token_session
from services.auth.domain.sessions import Session, SessionRules
from services.auth.domain.users import check_editor
from services.auth.operations.activity import Activity
from services.auth.operations.messages import sessions_revoked, topic_of
from services.auth.operations.revocation import Revocations
from services.auth.store import access_tokens as token_store
from services.auth.store import sessions as store
from services.auth.store import users
from services.chassis.clock import Clock
from services.chassis.database import Database, Transaction
from services.chassis.errors import DomainError, Reason
from services.chassis.events import EventLog


class Sessions:
    """Sessions that there are."""

    def __init__(
        self,
        database: Database,
        log: EventLog,
        revocations: Revocations,
        activity: Activity,
        clock: Clock,
        lengths: SessionRules,
        *,
        access_tokens: bool,
    ) -> None:
        """Share the process's parts; `access_tokens` is EnableUserAccessTokens."""
        self._access_tokens = access_tokens
        self._database, self._log, self._revocations = database, log, revocations
        self._activity, self._clock, self._lengths = activity, clock, lengths

    async def authenticate(self, tokens: Sequence[str]) -> list[Session | None]:
        """Return the session of each token, in order; None for one that signs nobody in now.

        One statement for all; one more where some are no session's, for personal access tokens.
        """
        if not tokens:
            return []
        hashes = [store.hash_of(token) for token in tokens]
        found = await store.by_hashes(self._database, hashes)
        now = self._clock.now_ms()
        alive = {key: session for key, session in found.items() if rules.is_alive(session, self._lengths, now)}
        self._activity.note(alive.values(), now)
        if self._access_tokens and (others := [key for key in hashes if key not in found]):
            for key, (token, roles) in (await token_store.signing_in(self._database, others)).items():
                alive[key] = token_session(token, roles, now)
        return [alive.get(key) for key in hashes]

    async def of_user(self, actor_id: str, roles: tuple[str, ...], user_id: str) -> list[Session]:
        """Return a user's sessions, newest first. Raises permission_denied, user_not_found."""
        await self._check_editor(actor_id, roles, user_id)
        now = self._clock.now_ms()
        found = await store.of_user(self._database, user_id, now)
        return [session for session in found if rules.is_alive(session, self._lengths, now)]

    async def log_out(self, token: str) -> None:
        """End the session of a token; an unknown one is no change."""
        known = await store.by_token(self._database, token)
        if known is None:
            return
        session = known.session
        await self._revocations.uninterrupted(lambda: self._end(session.user_id, [session.id]))

    async def revoke(self, actor_id: str, roles: tuple[str, ...], user_id: str, session_id: str) -> None:
        """End a session; one that has ended already is no change.

        Raises permission_denied, user_not_found, session_not_found.
        """
        await self._check_editor(actor_id, roles, user_id)
        await self._revocations.uninterrupted(lambda: self._end(user_id, [session_id]))

    async def revoke_all(self, actor_id: str, roles: tuple[str, ...], user_id: str) -> None:
        """End all sessions of a user. Raises permission_denied, user_not_found."""
        await self._check_editor(actor_id, roles, user_id)
        await self._revocations.uninterrupted(lambda: self._end_all(user_id))

    async def _check_editor(self, actor_id: str, roles: tuple[str, ...], user_id: str) -> None:
        account = await users.by_id(self._database, user_id)
        check_editor(actor_id, roles, account.user if account else None, user_id)

    async def _end(self, user_id: str, session_ids: list[str]) -> None:
        async def work(tx: Transaction) -> tuple[list[events_pb2.LogEntry], int]:
            topic = topic_of(user_id)
            topics = await self._log.lock(tx, [topic])
            now = topics[topic].next_at(self._clock.now_ms())
            ended = await store.revoke(tx, user_id, session_ids, now)
            if not ended:
                if not await store.is_known(tx, user_id, session_ids[0]):
                    raise DomainError(Reason.SESSION_NOT_FOUND)
                tx.vouch()
                return [], now
            return await self._log.append(tx, topics, [sessions_revoked(user_id, ended, now)]), now

        await self._announce(*await self._database.transact(work), user_id, session_ids)

    async def _end_all(self, user_id: str) -> None:
        async def work(tx: Transaction) -> tuple[list[events_pb2.LogEntry], int]:
            topic = topic_of(user_id)
            topics = await self._log.lock(tx, [topic])
            now = topics[topic].next_at(self._clock.now_ms())
            ended = await store.revoke_all(tx, user_id, now)
            if not ended:
                tx.vouch()
                return [], now
            return await self._log.append(tx, topics, [sessions_revoked(user_id, ended, now)]), now

        await self._announce(*await self._database.transact(work), user_id, [])

    async def _announce(
        self, entries: list[events_pb2.LogEntry], at: int, user_id: str, session_ids: Sequence[str]
    ) -> None:
        """Announce; where nothing was left to end, a call before this one may have died between commit and telling."""
        if entries:
            await self._revocations.announce(entries)
        else:
            await self._revocations.announce_again(sessions_revoked(user_id, session_ids, at))
