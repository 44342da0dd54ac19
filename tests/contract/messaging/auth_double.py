"""Auth as messaging sees it through the mesh: users, their log, and what a test wants to go wrong."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc

from chorus.auth.v1 import events_pb2 as auth_events_pb2
from chorus.auth.v1 import users_pb2, users_pb2_grpc
from chorus.common.v1 import events_pb2, events_pb2_grpc
from services.chassis.bus import BusMessage
from services.chassis.bus.redis import RedisBus
from services.chassis.config import Settings
from services.chassis.errors import DomainError, Reason
from services.chassis.ids import new_id
from services.chassis.metrics import Metrics
from services.chassis.rpc.credentials import server_credentials
from services.chassis.rpc.errors import to_status
from tests.contract.grounds import Grounds

TOPIC = "auth/cluster"
Context = grpc.aio.ServicerContext[Any, Any]


class AuthDouble(users_pb2_grpc.UserServiceServicer, events_pb2_grpc.EventLogServiceServicer):
    """Serves SnapshotUsers and the log; `publishing` says whether events also go to the bus."""

    def __init__(self, settings: Settings) -> None:
        self.users: dict[str, users_pb2.User] = {}
        self.collapsed: dict[str, bool] = {}
        self.log: list[events_pb2.LogEntry] = []
        self.kept_from = 1
        self.incarnation = new_id()
        self.publishing = True
        self.snapshots = 0
        self._bus = RedisBus(settings, Metrics("auth"))
        self._moved = asyncio.Condition()

    async def close(self) -> None:
        await self._bus.close()

    async def add(self, username: str, roles: tuple[str, ...] = ("system_user",), **more: Any) -> str:
        user = users_pb2.User(
            id=new_id(), username=username, email=f"{username}@example.com", roles=roles, locale="en", update_at_ms=1
        )
        user.MergeFrom(users_pb2.User(**more))
        self.users[user.id] = user
        await self._commit(auth_events_pb2.UserCreated(user=user), "user_created")
        return user.id

    async def change(self, user_id: str, **fields: Any) -> None:
        user = users_pb2.User()
        user.CopyFrom(self.users[user_id])
        user.MergeFrom(users_pb2.User(update_at_ms=user.update_at_ms + 1, **fields))
        self.users[user_id] = user
        await self._commit(auth_events_pb2.UserUpdated(user=user), "user_updated")

    async def choose_threads(self, user_id: str, collapsed: bool | None) -> None:
        self.collapsed.pop(user_id, None)
        if collapsed is not None:
            self.collapsed[user_id] = collapsed
        await self._commit(auth_events_pb2.ThreadsChosen(user_id=user_id, collapsed=collapsed), "threads_chosen")

    async def restore(self) -> None:
        """Be another log, with the users that there are and no events."""
        self.incarnation, self.log, self.kept_from = new_id(), [], 1
        async with self._moved:
            self._moved.notify_all()

    async def _commit(self, body: Any, kind: str) -> None:
        entry = events_pb2.LogEntry(
            topic=TOPIC,
            seq=len(self.log) + 1,
            kind=kind,
            body=body.SerializeToString(),
            incarnation=self.incarnation,
        )
        self.log.append(entry)
        async with self._moved:
            self._moved.notify_all()
        if self.publishing:
            await self._bus.publish([BusMessage(TOPIC, entry.seq, entry.SerializeToString())])

    async def SnapshotUsers(  # noqa: N802
        self, request: users_pb2.SnapshotUsersRequest, context: Context
    ) -> users_pb2.SnapshotUsersResponse:
        self.snapshots += 1
        later = sorted(id for id in self.users if id > request.after_id)[: request.limit]
        return users_pb2.SnapshotUsersResponse(
            users=[self.users[id] for id in later],
            seq=len(self.log),
            incarnation=self.incarnation,
            collapsed_threads={id: self.collapsed[id] for id in later if id in self.collapsed},
        )

    async def ListEvents(  # noqa: N802
        self, request: events_pb2.ListEventsRequest, context: Context
    ) -> events_pb2.ListEventsResponse:
        if request.after + 1 < self.kept_from:
            await context.abort_with_status(to_status(DomainError(Reason.LOG_TRUNCATED, topic=TOPIC)))
        return events_pb2.ListEventsResponse(entries=self.log[request.after :], incarnation=self.incarnation)

    async def CurrentSeqs(  # noqa: N802
        self, request: events_pb2.CurrentSeqsRequest, context: Context
    ) -> events_pb2.CurrentSeqsResponse:
        return events_pb2.CurrentSeqsResponse(
            seqs=[events_pb2.TopicSeq(topic=TOPIC, seq=len(self.log))], incarnation=self.incarnation
        )

    async def Changed(  # noqa: N802
        self, request: events_pb2.ChangedRequest, context: Context
    ) -> events_pb2.ChangedResponse:
        """Held until there is something, as auth holds it; the cursor is the next event's number."""
        if request.cursor and request.incarnation == self.incarnation:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(request.wait_ms / 1000), self._moved:
                    await self._moved.wait_for(
                        lambda: len(self.log) >= request.cursor or request.incarnation != self.incarnation
                    )
        return events_pb2.ChangedResponse(cursor=len(self.log) + 1, incarnation=self.incarnation)


@asynccontextmanager
async def auth_double(grounds: Grounds, settings: Settings) -> AsyncIterator[AuthDouble]:
    """Serve at the mesh's address, with Envoy's certificate."""
    double = AuthDouble(settings)  # type: ignore[abstract]  # serves only what messaging may ask
    server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
    users_pb2_grpc.add_UserServiceServicer_to_server(double, server)
    events_pb2_grpc.add_EventLogServiceServicer_to_server(double, server)
    server.add_secure_port(settings.ChorusSettings.MeshAddress, server_credentials(grounds.tls, "envoy"))
    await server.start()
    try:
        yield double
    finally:
        await server.stop(0)
        await double.close()
