"""What messaging asks of auth: the users, all at once and as they change. Never a call per post or member."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from chorus.auth.v1 import events_pb2 as auth_events_pb2
from chorus.auth.v1 import users_pb2, users_pb2_grpc
from chorus.common.v1 import events_pb2, events_pb2_grpc
from services.chassis.rpc.client import Peer
from services.chassis.topics import HELD_SECONDS, cluster_topic
from services.messaging.domain.users import User

TOPIC: Final = cluster_topic("auth")
CHUNK: Final = 1000
_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class UserChange:
    """An event of auth's log: the user as it became, or None when the event tells of no user."""

    seq: int
    incarnation: str
    user: User | None
    collapsed: tuple[str, bool | None] | None = None
    """Who chose how it reads replies, and whether in threads of their own; None in it for as usual."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some of all users, and the position of auth's log that they show."""

    users: Sequence[User]
    seq: int
    incarnation: str
    collapsed: Mapping[str, bool]
    """Who of them chose how it reads replies, and whether in threads of their own."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Events behind a position, in order, and the log's incarnation."""

    changes: Sequence[UserChange]
    incarnation: str


class AuthClient:
    """Calls of auth through the mesh."""

    def __init__(self, peer: Peer) -> None:
        """`peer` is the mesh's peer "auth"."""
        self._peer = peer
        self._users = users_pb2_grpc.UserServiceStub(peer.channel)
        self._log = events_pb2_grpc.EventLogServiceStub(peer.channel)

    async def snapshot(self, after_id: str) -> Chunk:
        """Return the next users by id; none at the end."""
        request = users_pb2.SnapshotUsersRequest(after_id=after_id, limit=CHUNK)
        answer = await self._peer.call(self._users.SnapshotUsers, request, seconds=_SECONDS)
        users = [_user(user) for user in answer.users]
        return Chunk(users, answer.seq, answer.incarnation, dict(answer.collapsed_threads))

    async def changes(self, after: int) -> Changes:
        """Return events behind a position, not necessarily all. Raises log_truncated."""
        request = events_pb2.ListEventsRequest(topic=TOPIC, after=after)
        answer = await self._peer.call(self._log.ListEvents, request, seconds=_SECONDS)
        return Changes([change_of(entry) for entry in answer.entries], answer.incarnation)

    async def changed(self, cursor: int, incarnation: str) -> tuple[str, int]:
        """Return the log's incarnation and a cursor once it has moved since `cursor`, or has not for some seconds.

        At once for the cursor 0, and when the incarnation is another.
        """
        request = events_pb2.ChangedRequest(cursor=cursor, incarnation=incarnation, wait_ms=round(HELD_SECONDS * 1000))
        answer = await self._peer.call(self._log.Changed, request)
        return answer.incarnation, answer.cursor

    async def current(self) -> tuple[str, int]:
        """Return the log's incarnation and position now."""
        request = events_pb2.CurrentSeqsRequest(topics=[TOPIC])
        answer = await self._peer.call(self._log.CurrentSeqs, request, seconds=_SECONDS)
        return answer.incarnation, answer.seqs[0].seq


def change_of(entry: events_pb2.LogEntry) -> UserChange:
    """Read an entry of auth's log."""
    user = collapsed = None
    if entry.kind == "user_created":
        user = _user(auth_events_pb2.UserCreated.FromString(entry.body).user)
    elif entry.kind == "user_updated":
        user = _user(auth_events_pb2.UserUpdated.FromString(entry.body).user)
    elif entry.kind == "threads_chosen":
        chosen = auth_events_pb2.ThreadsChosen.FromString(entry.body)
        collapsed = chosen.user_id, chosen.collapsed if chosen.HasField("collapsed") else None
    return UserChange(entry.seq, entry.incarnation, user, collapsed)


def change_from_bus(data: bytes) -> UserChange:
    """Read what the bus carries."""
    return change_of(events_pb2.LogEntry.FromString(data))


def _user(message: users_pb2.User) -> User:
    return User(
        id=message.id,
        username=message.username,
        nickname=message.nickname,
        first_name=message.first_name,
        last_name=message.last_name,
        email=message.email,
        locale=message.locale,
        roles=tuple(message.roles),
        is_bot=message.is_bot,
        notify_props=dict(message.notify_props),
        update_at=message.update_at_ms,
        delete_at=message.delete_at_ms,
        timezone=_timezone(message.timezone),
    )


def _timezone(told: Mapping[str, str]) -> str:
    """Return the zone that holds: the one that the user's devices report, unless it chose another."""
    automatic = told.get("useAutomaticTimezone", "true") == "true"
    return told.get("automaticTimezone" if automatic else "manualTimezone", "")
