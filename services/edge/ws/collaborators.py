"""What the WebSocket side needs of the rest of the edge."""

from collections.abc import Callable, Sequence
from typing import Protocol

from chorus.common.v1 import events_pb2
from chorus.edge.v1 import edge_pb2
from chorus.messaging.v1 import memberships_pb2
from chorus.presence.v1 import presence_pb2
from services.edge.caller import Session


class Sessions(Protocol):
    """Whose tokens are whose."""

    async def authenticate(self, token: str) -> Session | None:
        """Return the token's session, None for nobody's. Raises DomainError when it cannot be known."""
        ...

    async def authenticate_anew(self, token: str) -> Session | None:
        """Return the same from auth itself, as of now."""
        ...

    async def current(self) -> bool:
        """Return True once every revocation that was answered up to now has been told; False if nobody can say."""
        ...

    def on_revoked(self, watcher: Callable[[str, frozenset[str]], None]) -> None:
        """Have `watcher(user_id, session_ids)` called for ended sessions; no ids for all of the user."""
        ...


class EventLogs(Protocol):
    """One service's log; every call raises DomainError."""

    async def list_events(self, topic: str, after: int, upto: int) -> events_pb2.ListEventsResponse:
        """Return a topic's events in order, at most 1000. Raises log_truncated."""
        ...

    async def current_seqs(self, topics: Sequence[str]) -> events_pb2.CurrentSeqsResponse:
        """Return the topics' positions."""
        ...

    async def changed(self, cursor: int, incarnation: str = "", wait_s: float = 0) -> events_pb2.ChangedResponse:
        """Return what has moved since the cursor; 0 for a first one.

        With nothing to tell the answer may take `wait_s`, unless the log is no longer the `incarnation`.
        """
        ...


class Baselines(Protocol):
    """What users listen to; raises DomainError."""

    async def baselines(self, user_ids: Sequence[str]) -> memberships_pb2.GetBaselineResponse:
        """Return a baseline a user, in order, all of one snapshot."""
        ...


class Edges(Protocol):
    """The other edges; raises DomainError."""

    async def take_over(self, edge: str, request: edge_pb2.TakeOverRequest) -> edge_pb2.TakeOverResponse:
        """Ask an edge for a connection; on an error it may have been handed over all the same."""
        ...


class Presence(Protocol):
    """Who is here and who types; every call raises DomainError."""

    async def report_sockets(self, request: presence_pb2.ReportSocketsRequest) -> presence_pb2.ReportSocketsResponse:
        """Say which users have sockets here."""
        ...

    async def report_activity(self, user_ids: Sequence[str]) -> None:
        """Say who did something."""
        ...

    async def publish_typing(self, items: Sequence[presence_pb2.TypingItem]) -> None:
        """Say who types."""
        ...

    async def statuses(self, user_ids: Sequence[str]) -> Sequence[presence_pb2.Status]:
        """Return users' statuses, in order."""
        ...
