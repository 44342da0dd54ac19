"""Signing in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from chorus.common.v1 import events_pb2
from services.auth.domain import sessions as session_rules
from services.auth.domain.accounts import is_guest
from services.auth.domain.sessions import Session, SessionRules
from services.auth.domain.texts import storable
from services.auth.domain.throttle import FailureThrottle
from services.auth.domain.users import User, normalized
from services.auth.metrics import AuthMetrics
from services.auth.operations.messages import sessions_revoked, topic_of
from services.auth.operations.revocation import Revocations
from services.auth.passwords import Passwords
from services.auth.store import sessions as store
from services.auth.store import users
from services.auth.store.users import Account
from services.chassis.clock import Clock
from services.chassis.database import Database, Transaction
from services.chassis.errors import DomainError, Reason
from services.chassis.events import EventLog
from services.chassis.ids import new_id, new_token

ACCOUNT_FAILURES: Final = 20
"""Wrong passwords for one account name at once, then one every ACCOUNT_SECONDS; whether the account exists or not."""
ACCOUNT_SECONDS: Final = 10.0
ADDRESS_FAILURES: Final = 60
"""Wrong passwords from one network address at once, then one every ADDRESS_SECONDS: an office has one address."""
ADDRESS_SECONDS: Final = 5.0

_DAY_MS: Final = 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Attempt:
    """What somebody signs in with; either `login_id` or `user_id`."""

    password: str = field(repr=False)
    login_id: str = ""
    user_id: str = ""
    device_id: str = ""
    address: str = ""
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class SignInRules:
    """ServiceSettings and EmailSettings, as far as they say who may sign in and how."""

    max_attempts: int = 10
    by_username: bool = True
    by_email: bool = True
    guests: bool = True


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The session, and its token: shown this once."""

    token: str = field(repr=False)
    session: Session
    user: User


class PasswordCheck:
    """Checks passwords of accounts, one at a time an account, and slows down whoever guesses."""

    def __init__(self, database: Database, passwords: Passwords, clock: Clock) -> None:
        """Start with no failures known."""
        self._database, self._passwords, self._clock = database, passwords, clock
        self._by_account = FailureThrottle(ACCOUNT_FAILURES, ACCOUNT_SECONDS)
        self._by_address = FailureThrottle(ADDRESS_FAILURES, ADDRESS_SECONDS)
        self._turns: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def one_at_a_time(self, name: str) -> AsyncIterator[None]:
        """Wait for the account's turn: what one attempt finds out counts for the next, however many come at once."""
        lock, users_of_it = self._turns.get(name, (asyncio.Lock(), 0))
        self._turns[name] = (lock, users_of_it + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users_of_it = self._turns[name]
            if users_of_it > 1:
                self._turns[name] = (lock, users_of_it - 1)
            else:
                del self._turns[name]

    def admit(self, name: str, address: str) -> None:
        """Raise sign_in_throttled while the account or the address has failed too often."""
        now = self._clock.monotonic()
        wait = self._by_account.wait_seconds(name, now)
        if address:
            wait = max(wait, self._by_address.wait_seconds(address, now))
        if wait:
            raise DomainError(Reason.SIGN_IN_THROTTLED, retry_after_s=wait)

    async def matches(self, account: Account | None, password: str, name: str, address: str = "") -> bool:
        """Say whether it is the account's password, and count a failure; no account takes as long as a wrong password.

        Raises sign_in_throttled, busy.
        """
        async with self._passwords.turn() as turn:
            self.admit(name, address)  # failures of those who stood before us in line
            right = await turn.matches(password, account.password_hash if account else "")
            if right:
                self._by_account.forget(name)
            else:
                now = self._clock.monotonic()
                self._by_account.failed(name, now)
                if address:
                    self._by_address.failed(address, now)
        if not right:
            user_id = account.user.id if account else ""
            await self._database.transact(lambda tx: users.count_failure(tx, user_id))
        return right

    async def proves(self, account: Account, password: str) -> bool:
        """Say whether it is the password of an account that is signed in. Raises sign_in_throttled, busy."""
        name = account.user.username
        self.admit(name, "")
        async with self.one_at_a_time(name):
            return await self.matches(account, password, name)


class SignIn:
    """From a password to a session."""

    def __init__(
        self,
        database: Database,
        log: EventLog,
        checks: PasswordCheck,
        revocations: Revocations,
        clock: Clock,
        metrics: AuthMetrics,
        rules: SignInRules,
        lengths: SessionRules,
    ) -> None:
        """Share the process's parts."""
        self._database, self._log, self._checks, self._revocations = database, log, checks, revocations
        self._clock, self._metrics, self._rules, self._lengths = clock, metrics, rules, lengths

    async def sign_in(self, attempt: Attempt) -> SignedIn:
        """Check the password and open a session; sessions of the same device, and the oldest of too many, end.

        Raises blank_password, invalid_credentials, too_many_attempts, user_inactive, bot_login_forbidden,
        guest_login_disabled, sign_in_throttled.
        """
        try:
            signed_in = await self._sign_in(attempt)
        except DomainError as error:
            self._metrics.sign_ins.labels(error.reason.value).inc()
            raise
        self._metrics.sign_ins.labels("ok").inc()
        return signed_in

    async def _sign_in(self, attempt: Attempt) -> SignedIn:
        if not attempt.password:
            raise DomainError(Reason.BLANK_PASSWORD)
        name = normalized(attempt.login_id) or attempt.user_id
        self._checks.admit(name, attempt.address)
        async with self._checks.one_at_a_time(name):
            account = await self._find(attempt)
            if account is not None:
                self._check_state(account.user)
            right = await self._checks.matches(account, attempt.password, name, attempt.address)
        if account is None or not right:
            raise DomainError(Reason.INVALID_CREDENTIALS)
        checked = account
        return await self._revocations.uninterrupted(lambda: self._open(checked, attempt))

    async def _find(self, attempt: Attempt) -> Account | None:
        """Return the account that is meant; a name is looked for among the usernames, then the addresses."""
        name = normalized(attempt.login_id)
        if not storable(name) or not storable(attempt.user_id):
            return None
        if attempt.user_id:
            return await users.by_id(self._database, attempt.user_id)
        account = await users.by_username(self._database, name) if self._rules.by_username else None
        if account is None and self._rules.by_email:
            account = await users.by_email(self._database, name)
        return account

    def _check_state(self, user: User) -> None:
        if user.failed_attempts >= self._rules.max_attempts:
            raise DomainError(Reason.TOO_MANY_ATTEMPTS)
        if user.delete_at:
            raise DomainError(Reason.USER_INACTIVE)
        if user.is_bot:
            raise DomainError(Reason.BOT_LOGIN_FORBIDDEN)
        if is_guest(user) and not self._rules.guests:
            raise DomainError(Reason.GUEST_LOGIN_DISABLED)
        if user.mfa_active:  # a second factor that can't be asked for must not be passed over
            raise DomainError(Reason.NOT_IMPLEMENTED, operation="second factor")

    async def _open(self, checked: Account, attempt: Attempt) -> SignedIn:
        token, session_id, csrf = new_token(), new_id(), new_id()

        async def work(tx: Transaction) -> tuple[Session, User, list[events_pb2.LogEntry]]:
            topic = topic_of(checked.user.id)
            topics = await self._log.lock(tx, [topic])
            account = await users.lock(tx, checked.user.id)
            # What was true when the password was checked may have changed while it was.
            if account is None or account.password_hash != checked.password_hash:
                raise DomainError(Reason.INVALID_CREDENTIALS)
            self._check_state(account.user)
            now = topics[topic].next_at(self._clock.now_ms())
            session = self._session(account.user, session_id, csrf, attempt, now)
            rooms = store.making_room(session, session_rules.MAX_PER_USER, now, now - _DAY_MS)
            _, _, *ended, _ = await tx.pipelined(
                store.inserting(session, store.hash_of(token)), users.signed_in(session.user_id, now), *rooms
            )
            revoked = [row.id for rows in ended for row in rows]
            announcements = [sessions_revoked(session.user_id, revoked, now)] if revoked else []
            user = replace(account.user, failed_attempts=0)
            return session, user, await self._log.append(tx, topics, announcements)

        session, user, entries = await self._database.transact(work)
        await self._revocations.announce(entries)
        return SignedIn(token, session, user)

    def _session(self, user: User, session_id: str, csrf: str, attempt: Attempt, now: int) -> Session:
        device_id = attempt.device_id.replace("\x00", "")
        props = session_rules.props_of(attempt.user_agent, device_id, csrf)
        session = Session(session_id, user.id, now, 0, now, device_id, props, user.roles)
        return replace(session, expires_at=now + session_rules.length_ms(session, self._lengths))
