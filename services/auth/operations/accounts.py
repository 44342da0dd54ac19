"""Changing what an account is allowed, whether it may sign in, and its password.

What is taken away is gone at every edge once the caller has its answer: sessions by revocation, and roles likewise,
since edges then ask anew whose they are (DESIGN §2, promise 6).
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from chorus.common.v1 import events_pb2
from services.auth.domain import accounts as rules
from services.auth.domain import passwords as password_rules
from services.auth.domain.accounts import AccountRules
from services.auth.domain.passwords import PasswordRules
from services.auth.domain.users import User, check_editor, is_admin
from services.auth.operations.messages import CLUSTER, roles_changed, sessions_revoked, topic_of, user_updated
from services.auth.operations.revocation import Revocations
from services.auth.operations.sign_in import PasswordCheck
from services.auth.passwords import Passwords
from services.auth.store import sessions as session_store
from services.auth.store import users as store
from services.chassis.clock import Clock
from services.chassis.database import Database, Transaction
from services.chassis.errors import DomainError, Reason
from services.chassis.events import Announcement, EventLog, Publisher
from services.chassis.permissions import granted


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks, with its system roles, and by which session."""

    user_id: str
    session_id: str
    roles: tuple[str, ...]


class Accounts:
    """Accounts, changed under the locks of `auth/cluster` and of the user's own topic."""

    def __init__(
        self,
        database: Database,
        log: EventLog,
        publisher: Publisher,
        revocations: Revocations,
        passwords: Passwords,
        checks: PasswordCheck,
        clock: Clock,
        account_rules: AccountRules,
        required: PasswordRules,
    ) -> None:
        """Share the process's parts."""
        self._database, self._log, self._publisher, self._revocations = database, log, publisher, revocations
        self._passwords, self._checks, self._clock = passwords, checks, clock
        self._rules, self._required = account_rules, required

    async def change_roles(self, actor: Actor, user_id: str, names: Sequence[str]) -> User:
        """Give a user other system roles; the same again is no change.

        Raises permission_denied, user_not_found, invalid_user_roles, invalid_argument(roles), last_admin.
        """
        rules.require(granted(actor.roles, "manage_roles"), "manage_roles")
        return await self.change(user_id, lambda user: rules.with_roles(user, names))

    async def demote(self, actor: Actor, user_id: str) -> User:
        """Make a user a guest. Raises guests_disabled, permission_denied, user_not_found, already_guest, last_admin."""
        if not self._rules.guests:
            raise DomainError(Reason.GUESTS_DISABLED)
        rules.require(granted(actor.roles, "demote_to_guest"), "demote_to_guest")

        def decide(user: User) -> User:
            rules.require_power_over(user, actor.roles)
            return rules.demoted(user)

        return await self.change(user_id, decide)

    async def promote(self, actor: Actor, user_id: str) -> User:
        """Make a guest a member. Raises permission_denied, user_not_found, not_a_guest."""
        rules.require(granted(actor.roles, "promote_guest"), "promote_guest")
        return await self.change(user_id, rules.promoted)

    async def set_active(self, actor: Actor, user_id: str, active: bool) -> User:
        """Let a user sign in, or no longer: all its sessions end.

        Raises activation_denied, deactivation_disabled, permission_denied, user_not_found.
        """
        rules.require_activation(actor.user_id, actor.roles, user_id, active=active, rules=self._rules)

        now = self._clock.now_ms()

        def decide(user: User) -> User:
            if actor.user_id != user_id:
                rules.require_power_over(user, actor.roles)
            return activated(user, active, now)

        return await self.change(user_id, decide)

    async def deactivate(self, actor: Actor, user_id: str) -> User:
        """Keep a user out that the actor may edit. Raises permission_denied, user_not_found, deactivation_disabled."""
        if actor.user_id == user_id and not (self._rules.self_deactivation or is_admin(actor.roles)):
            raise DomainError(Reason.DEACTIVATION_DISABLED)
        await self.check_edit(actor, user_id)
        now = self._clock.now_ms()
        return await self.change(user_id, lambda user: activated(user, False, now))

    async def check_edit(self, actor: Actor, user_id: str) -> None:
        """Raise permission_denied, or user_not_found, unless the actor may edit the user."""
        account = await store.by_id(self._database, user_id)
        check_editor(actor.user_id, actor.roles, account.user if account else None, user_id)

    async def set_picture(self, actor: Actor, user_id: str, own: bool) -> User:
        """Note that a user has a new picture of its own, or the default one again. Raises as `check_edit`."""
        await self.check_edit(actor, user_id)
        now = self._clock.now_ms()
        return await self.change(user_id, lambda user: rules.with_picture(user, now, own=own))

    async def change(self, user_id: str, decide: Callable[[User], User]) -> User:
        """Change an account as `decide` says; it holds everywhere when this returns. Raises user_not_found."""

        async def work(tx: Transaction) -> tuple[User, list[events_pb2.LogEntry]]:
            own = topic_of(user_id)
            topics = await self._log.lock(tx, [CLUSTER, own])
            account = await store.lock(tx, user_id)
            if account is None:
                raise DomainError(Reason.USER_NOT_FOUND)
            before = account.user
            after = decide(before)
            if after == before:
                tx.vouch()
                return before, []
            if is_admin(before.roles) and not is_admin(after.roles) and await store.count_admins(tx) <= 1:
                raise DomainError(Reason.LAST_ADMIN)
            after = replace(after, update_at=topics[CLUSTER].next_at(self._clock.now_ms()))
            await store.set_standing(tx, after)
            switched = bool(after.delete_at) != bool(before.delete_at)
            announcements = [user_updated(after, activation_changed=switched)]
            at = topics[own].next_at(self._clock.now_ms())
            if after.roles != before.roles:
                announcements.append(roles_changed(after, at))
            if switched and after.delete_at:
                await session_store.revoke_all(tx, user_id, at)
                announcements.append(sessions_revoked(user_id, (), at))
            return after, await self._log.append(tx, topics, announcements)

        return await self._revocations.uninterrupted(lambda: self._commit(work))

    async def _commit(self, work: Callable[[Transaction], Awaitable[tuple[User, list[events_pb2.LogEntry]]]]) -> User:
        user, entries = await self._database.transact(work)
        self._publisher.publish_soon(entry for entry in entries if entry.topic == CLUSTER)
        if entries:
            await self._revocations.announce([entry for entry in entries if entry.topic != CLUSTER])
        else:  # a call before this one may have died between commit and telling
            await self._revocations.announce_again(_standing(user, self._clock.now_ms()))
        return user

    async def change_password(self, actor: Actor, user_id: str, current: str, new: str) -> None:
        """Set a password; other sessions of the user end.

        Raises password_of_other, invalid_argument(current_password), wrong_password, invalid_password, user_not_found,
        sign_in_throttled, busy.
        """
        account = await store.by_id(self._database, user_id)
        own = actor.user_id == user_id
        rules.require_password_change(actor.user_id, actor.roles, account.user if account else None, user_id)
        if account is None:
            raise DomainError(Reason.USER_NOT_FOUND)
        if own and not current:
            raise DomainError(Reason.INVALID_ARGUMENT, field="current_password")
        password_rules.check(new, self._required)
        if own and not await self._checks.proves(account, current):
            raise DomainError(Reason.WRONG_PASSWORD)
        # Before the lock: 20 ms under it would be 20 ms for everybody.
        password_hash = await self._passwords.hash(new)
        proven = account

        async def set_it(tx: Transaction) -> list[events_pb2.LogEntry]:
            topic = topic_of(user_id)
            topics = await self._log.lock(tx, [topic])
            locked = await store.lock(tx, user_id)
            if own and (locked is None or locked.password_hash != proven.password_hash):
                raise DomainError(Reason.WRONG_PASSWORD)
            at = topics[topic].next_at(self._clock.now_ms())
            await store.set_password(tx, user_id, password_hash, at)
            if not self._rules.end_sessions:
                return []
            ended = await session_store.revoke_all(tx, user_id, at, but=actor.session_id if own else "")
            return await self._log.append(tx, topics, [sessions_revoked(user_id, ended, at)] if ended else [])

        async def commit() -> None:
            await self._revocations.announce(await self._database.transact(set_it))

        await self._revocations.uninterrupted(commit)


def _standing(user: User, at: int) -> Announcement:
    """Return what edges need to hear of an account that is as it was asked for already."""
    return sessions_revoked(user.id, (), at) if user.delete_at else roles_changed(user, at)


def activated(user: User, active: bool, now: int) -> User:
    """Return the user as it may sign in, or no longer; the same one when that is so already."""
    if active == (user.delete_at == 0):
        return user
    return replace(user, delete_at=0 if active else now)
