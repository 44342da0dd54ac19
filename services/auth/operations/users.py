"""Making and changing users."""

from dataclasses import replace

from chorus.common.v1 import events_pb2
from services.auth.domain import passwords as password_rules
from services.auth.domain import preferences, sign_up
from services.auth.domain import users as rules
from services.auth.domain.passwords import PasswordRules
from services.auth.domain.sign_up import SignUpRules
from services.auth.domain.users import Draft, Patch, User, check_editor
from services.auth.operations.messages import CLUSTER, user_created, user_updated
from services.auth.operations.sign_in import PasswordCheck
from services.auth.passwords import Passwords
from services.auth.store import preferences as preference_store
from services.auth.store import users as store
from services.auth.store.users import Account
from services.chassis.clock import Clock
from services.chassis.database import Database, Transaction
from services.chassis.errors import DomainError, Reason
from services.chassis.events import EventLog, Publisher
from services.chassis.ids import new_id


class Users:
    """Users, written, each time under the lock of `auth/cluster`: so one is the first, and a name is free or taken."""

    def __init__(
        self,
        database: Database,
        log: EventLog,
        publisher: Publisher,
        passwords: Passwords,
        checks: PasswordCheck,
        clock: Clock,
        sign_up_rules: SignUpRules,
        required: PasswordRules,
    ) -> None:
        """Share the process's parts."""
        self._database, self._log, self._publisher, self._passwords = database, log, publisher, passwords
        self._checks, self._clock, self._sign_up, self._required = checks, clock, sign_up_rules, required

    async def create(self, draft: Draft, *, by_admin: bool, invited: bool) -> User:
        """Make a user; the first one is system administrator.

        Raises sign_up_disabled, sign_up_closed, invalid_user, invalid_password, email_domain_refused,
        username_taken, email_taken.
        """
        first = not await store.there_are_any(self._database)
        sign_up.admit(self._sign_up, by_admin=by_admin, invited=invited, first=first)
        user_id = new_id()
        draft = replace(
            draft,
            username=draft.username or f"a{new_id()}",
            email_verified=draft.email_verified and by_admin,
        )
        user = rules.new_user(draft, user_id, self._sign_up.default_locale)
        sign_up.check_domain(user.email, self._sign_up)
        password_rules.check(draft.password, self._required)
        # Before the lock: 20 ms under it would be 20 ms for everybody.
        password_hash = await self._passwords.hash(draft.password)

        async def work(tx: Transaction) -> tuple[User, list[events_pb2.LogEntry]]:
            topics = await self._log.lock(tx, [CLUSTER])
            first = not await store.there_are_any(tx)
            sign_up.admit(self._sign_up, by_admin=by_admin, invited=invited, first=first)
            at = topics[CLUSTER].next_at(self._clock.now_ms())
            roles = rules.ADMIN if first else rules.MEMBER
            made = replace(user, roles=roles, create_at=at, update_at=at, last_password_update=at)
            await check_free(tx, made)
            await store.insert(tx, made, password_hash)
            await preference_store.save(tx, preferences.defaults(made.id))
            return made, await self._log.append(tx, topics, [user_created(made)])

        made, entries = await self._database.transact(work)
        self._publisher.publish_soon(entries)
        return made

    async def patch(self, actor_id: str, roles: tuple[str, ...], user_id: str, patch: Patch, password: str) -> User:
        """Change parts of a user; `password` is the present one, which a change of the own address needs.

        Raises permission_denied, user_not_found, invalid_user, invalid_argument(password), email_domain_refused,
        username_taken, email_taken.
        """
        account = await store.by_id(self._database, user_id)
        seen = check_editor(actor_id, roles, account.user if account else None, user_id)
        changed = rules.patched(seen, patch)
        proven: Account | None = None
        if changed.email != seen.email and actor_id == user_id:
            proven = await self._prove(account, password)

        async def work(tx: Transaction) -> tuple[User, list[events_pb2.LogEntry]]:
            topics = await self._log.lock(tx, [CLUSTER])
            current = await store.lock(tx, user_id)
            user = check_editor(actor_id, roles, current.user if current else None, user_id)
            changed = rules.patched(user, patch)
            if changed.email != user.email:
                sign_up.check_domain(changed.email, self._sign_up)
                if actor_id == user_id and (
                    current is None or proven is None or proven.password_hash != current.password_hash
                ):
                    raise DomainError(Reason.INVALID_ARGUMENT, field="password")
            await check_free(tx, changed)
            changed = replace(changed, update_at=topics[CLUSTER].next_at(self._clock.now_ms()))
            await store.update(tx, changed)
            return changed, await self._log.append(tx, topics, [user_updated(changed)])

        changed, entries = await self._database.transact(work)
        self._publisher.publish_soon(entries)
        return changed

    async def _prove(self, account: Account | None, password: str) -> Account:
        """Return the account when it is its password; a session alone must not do to take an account over."""
        if account is None or not password or not await self._checks.proves(account, password):
            raise DomainError(Reason.INVALID_ARGUMENT, field="password")
        return account


async def check_free(tx: Transaction, user: User) -> None:
    """Raise username_taken or email_taken where another user has it. Certain under the lock of `auth/cluster`."""
    username, email = await store.taken(tx, user)
    if username:
        raise DomainError(Reason.USERNAME_TAKEN)
    if email:
        raise DomainError(Reason.EMAIL_TAKEN)
