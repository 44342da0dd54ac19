"""The WebSocket port: upgrades, signs in, gives each connection its baseline and hello, and watches over them all."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Final

import msgspec

from services.chassis.clock import Clock
from services.chassis.config import Settings
from services.chassis.errors import DomainError
from services.chassis.ids import new_id
from services.chassis.tasks import Tasks
from services.chassis.ticks import until_tick
from services.chassis.topics import channel_topic
from services.edge.caller import Session
from services.edge.dialect.errors import AppError
from services.edge.dialect.frames import Standing, hello
from services.edge.ws import protocol
from services.edge.ws.admission import BaselineReader
from services.edge.ws.collaborators import Sessions
from services.edge.ws.connection import Connection, Refusal, listen
from services.edge.ws.delivery import Delivery
from services.edge.ws.follower import Follower
from services.edge.ws.metrics import SocketMetrics
from services.edge.ws.presence import PresenceReporter
from services.edge.ws.resume import Arrival, Resumer
from services.edge.ws.resumption import Resumption
from services.edge.ws.stream import Stream
from services.edge.ws.upgrade import PATH, Refused, read

_log = logging.getLogger(__name__)

PING_SECONDS: Final = 60
_LOT_SECONDS: Final = 5
"""Between two lots of pings. In more and smaller ones, their pongs would wake an idle edge, and Envoy, every second."""
PONG_SECONDS: Final = 100.0
USER_SOCKETS: Final = 100
"""Sockets of one user at one edge; the next one closes the oldest."""

_DRAIN_EACH: Final = 0.005
"""Seconds between two closes of a drain, so that clients do not all come back at once."""


class SocketServer:
    """All WebSockets of this edge."""

    def __init__(
        self,
        settings: Settings,
        sessions: Sessions,
        baselines: BaselineReader,
        delivery: Delivery,
        follower: Follower,
        presence: PresenceReporter,
        resumption: Resumption,
        resumer: Resumer,
        server_version: Callable[[], str],
        clock: Clock,
        tasks: Tasks,
        metrics: SocketMetrics,
    ) -> None:
        """`server_version` is what hello tells."""
        self._settings, self._sessions, self._baselines = settings, sessions, baselines
        self._delivery, self._follower, self._presence = delivery, follower, presence
        self._resumption, self._resumer = resumption, resumer
        self._server_version, self._clock, self._tasks, self._metrics = server_version, clock, tasks, metrics
        self._hostname = socket.gethostname()
        self._connections: set[Connection] = set()
        self._stalled: set[Connection] = set()
        self._ping_at: list[set[Connection]] = [set() for _ in range(PING_SECONDS // _LOT_SECONDS)]
        self._second = 0
        self._server: asyncio.Server | None = None
        sessions.on_revoked(self._revoked)
        delivery.hub.on_presence(presence.changed)

    async def start(self, host: str, port: int) -> None:
        """Listen. Raises OSError."""
        self._server = await listen(host, port, self._judge)
        self._tasks.spawn("socket watch", self._watch(), vital=True)

    @property
    def port(self) -> int:
        """The port listened on."""
        assert self._server is not None  # noqa: S101 - after start
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self, within: float) -> None:
        """Take no more, close all connections, and wait until their clients are elsewhere, up to `within` seconds.

        The closes are spread over some of the time; the rest is for the clients, who come again after seconds.
        """
        until = self._clock.monotonic() + within
        if self._server is not None:
            self._server.close()
        leaving = list(self._connections)
        for number, connection in enumerate(leaving):
            connection.close("draining")
            if (number + 1) % 10 == 0:
                await asyncio.sleep(min(_DRAIN_EACH, within / 3 / len(leaving)) * 10)
        await self._resumer.drained(until - self._clock.monotonic())

    def _judge(self, method: bytes, target: bytes, headers: Mapping[str, str]) -> Connection | Refusal:
        request_id = headers.get("x-request-id") or new_id()
        if target.partition(b"?")[0].removesuffix(b"/") != PATH:
            return _refusal(request_id, HTTPStatus.NOT_FOUND, "api.context.404.app_error", "There is no such page.")
        service = self._settings.ServiceSettings
        try:
            upgrade = read(method, target, headers, site_url=service.SiteURL, allowed_origins=service.AllowCorsFrom)
        except (Refused, ValueError) as error:
            why = str(error) if isinstance(error, Refused) else "The request cannot be read."
            return _refusal(request_id, HTTPStatus.BAD_REQUEST, "api.web_socket.connect.upgrade.app_error", why)
        return Connection(upgrade, self, self._clock)

    # What connections tell.

    def opened(self, connection: Connection) -> None:
        """Sign it in by its request's token, or wait for its challenge."""
        self._connections.add(connection)
        self._lot().add(connection)
        if not connection.upgrade.acceptable:
            connection.close("bad_connection_id")
            return
        loop = asyncio.get_running_loop()
        loop.call_later(protocol.CHALLENGE_SECONDS, self._unchallenged, connection)
        if connection.upgrade.token:
            self._tasks.spawn("sign-in", self._sign_in(connection, connection.upgrade.token, 0))

    def asked(self, connection: Connection, steps: Sequence[protocol.Step]) -> None:
        """Do what the client's message asks for."""
        for step in steps:
            match step:
                case protocol.Reply(text):
                    connection.reply(text)
                case protocol.Challenge(seq, token):
                    self._tasks.spawn("sign-in", self._sign_in(connection, token, seq))
                case protocol.Typing(seq, channel_id, parent_id):
                    self._typing(connection, seq, channel_id, parent_id)
                case protocol.Active(active, _):
                    if active and connection.stream is not None:
                        self._presence.active(connection.stream.user_id)
                case protocol.AskStatuses(seq, user_ids):
                    if connection.busy:
                        connection.reply(protocol.busy(seq).text)
                    else:
                        connection.busy = True
                        self._tasks.spawn("statuses", self._statuses(connection, seq, user_ids))
                case protocol.Close(cause):
                    connection.close(cause)

    def closed(self, connection: Connection, cause: str) -> None:
        """Forget it; its stream may go on with another."""
        self._metrics.closed.labels(cause).inc()
        self._connections.discard(connection)
        self._stalled.discard(connection)
        stream = connection.stream
        if stream is not None and stream.carrier is connection:
            self._resumption.lost(stream, cause, self._clock.monotonic())
        self._metrics.sockets.set(self._delivery.hub.present)

    def stalled(self, connection: Connection) -> None:
        """Look at it every second."""
        self._stalled.add(connection)

    # Signing in.

    async def _sign_in(self, connection: Connection, token: str, challenge: int) -> None:
        try:
            session = await self._sessions.authenticate(token)
            if session is None:
                if challenge:  # a wrong cookie is no end: a challenge may follow
                    connection.close("bad_token")
                return
            if connection.is_open and connection.stream is None:
                await self._admit(connection, session, token, challenge)
        except DomainError as error:
            _log.warning("connection not admitted", extra={"why": str(error)})
            connection.close("unavailable")

    async def _admit(self, connection: Connection, session: Session, token: str, challenge: int) -> None:
        """Let the client go on with what it had, or begin a new stream for it."""
        self._make_room(session.user_id)
        standing = Standing.of(session.roles)
        stream = Stream(new_id(), session.user_id, session.id, standing, connection, self._resumption)
        connection.conversation.authenticated = True
        self._delivery.hub.enter(stream)
        self._metrics.sockets.set(self._delivery.hub.present)

        async def still_signed_in() -> bool:
            # By auth itself: a session that ended before the baseline, or the place where it goes on, is in no event
            # behind it.
            return await self._sessions.authenticate_anew(token) is not None

        def greet() -> None:
            if challenge:
                connection.reply(protocol.answered(challenge).text)

        wanted = connection.upgrade.wanted
        try:
            arrival = None if wanted is None else Arrival(stream, wanted, still_signed_in, greet)
            resumed = arrival is not None and await self._resumer.resume(arrival)
            if not resumed and connection.is_open:
                await self._begin(stream, still_signed_in, greet)
        finally:
            if not connection.is_open and stream not in self._resumption:
                stream.close("lost")
        self._follower.ask()

    async def _begin(
        self, stream: Stream, still_signed_in: Callable[[], Awaitable[bool]], greet: Callable[[], None]
    ) -> None:
        """Baseline, hello, and what came meanwhile (DESIGN §4 "Baseline")."""
        baseline = await self._baselines.read(stream.user_id)
        if not await still_signed_in():
            stream.close("revoked")
        async with self._follower.alone():
            if stream.carrier is None:
                return
            stream.send(hello(stream.user_id, stream.connection_id, self._server_version(), self._hostname))
            greet()
            self._resumer.begin(stream)
            now = self._clock.monotonic()
            self._delivery.admit(stream, baseline.positions, baseline.incarnations, baseline.mark, now)
            stream.flush()

    def _make_room(self, user_id: str) -> None:
        """Close the oldest of a user's sockets when there are too many."""
        streams = self._delivery.hub.sockets_of(user_id)
        theirs = [s.carrier for s in streams if isinstance(s, Stream) and isinstance(s.carrier, Connection)]
        if len(theirs) >= USER_SOCKETS:
            min(theirs, key=lambda connection: connection.opened_at).close("too_many")

    def _unchallenged(self, connection: Connection) -> None:
        if connection.stream is None:
            connection.close("unauthenticated")

    def _revoked(self, user_id: str, session_ids: frozenset[str]) -> None:
        for stream in self._delivery.hub.sockets_of(user_id):
            if not session_ids or stream.session_id in session_ids:
                stream.close("revoked")

    # What clients ask for.

    def _typing(self, connection: Connection, seq: int, channel_id: str, parent_id: str) -> None:
        stream = connection.stream
        if stream is None or not self._delivery.hub.listens(stream, channel_topic(channel_id)):
            connection.reply(protocol.invalid(seq, "channel_id").text)
            return
        self._presence.active(stream.user_id)
        self._presence.typing(stream.user_id, channel_id, parent_id)
        connection.reply(protocol.answered(seq).text)

    async def _statuses(self, connection: Connection, seq: int, user_ids: Sequence[str]) -> None:
        try:
            statuses = await self._presence.statuses(user_ids)
        except DomainError:
            connection.reply(protocol.busy(seq).text)
        else:
            shown = {s.user_id: s.status for s in statuses if user_ids or s.status != "offline"}
            connection.reply(protocol.answered(seq, shown).text)
        finally:
            connection.busy = False

    # Watching.

    async def _watch(self) -> None:
        """Every second slow readers go; every few, a lot of the connections is pinged, and goes if it was silent."""
        while True:
            await asyncio.sleep(until_tick(1.0))
            self._second += 1
            for connection in tuple(self._stalled):
                if connection.overdue():
                    connection.close("slow_seconds")
                elif not connection.unsent():
                    self._stalled.discard(connection)
            if self._second % _LOT_SECONDS == 0:
                self._ping(self._lot())

    def _lot(self) -> set[Connection]:
        """Return the connections whose turn it is."""
        return self._ping_at[self._second // _LOT_SECONDS % len(self._ping_at)]

    def _ping(self, lot: set[Connection]) -> None:
        now = self._clock.monotonic()
        for connection in tuple(lot):
            if not connection.is_open:
                lot.discard(connection)
            elif now - connection.heard_at > PONG_SECONDS:
                connection.close("no_pong")
            else:
                connection.ping()


def _refusal(request_id: str, status: HTTPStatus, error_id: str, message: str) -> Refusal:
    return Refusal(status, msgspec.json.encode(AppError(error_id, message, "", request_id, int(status))))
