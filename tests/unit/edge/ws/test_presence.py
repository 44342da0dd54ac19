"""What an edge tells presence of its sockets, also after a report that failed."""

import asyncio
from typing import cast

from chorus.presence.v1 import presence_pb2
from services.chassis.clock import SystemClock
from services.chassis.errors import DomainError, Reason
from services.chassis.tasks import Tasks
from services.edge.ws.collaborators import Presence
from services.edge.ws.presence import PresenceReporter


class FailsOnce:
    """A presence service that does not answer the second report."""

    def __init__(self) -> None:
        self.reports: asyncio.Queue[presence_pb2.ReportSocketsRequest] = asyncio.Queue()
        self._heard = 0

    async def report_sockets(self, request: presence_pb2.ReportSocketsRequest) -> presence_pb2.ReportSocketsResponse:
        self.reports.put_nowait(request)
        self._heard += 1
        if self._heard == 2:
            raise DomainError(Reason.UNAVAILABLE, part="database")
        return presence_pb2.ReportSocketsResponse(lease_ms=60_000)


async def test_who_went_is_named_again_after_a_report_that_failed() -> None:
    """Presence may have taken their sockets off and not settled their statuses: nothing else names them."""
    presence = FailsOnce()
    failures: list[str] = []
    tasks = Tasks(lambda name, _: failures.append(name))
    users = ["stays", "goes"]
    reporter = PresenceReporter("edge-1", cast(Presence, presence), lambda: users, SystemClock(), tasks)
    reporter.start()
    try:
        assert (await presence.reports.get()).full
        users.remove("goes")
        reporter.changed("goes", False)
        async with asyncio.timeout(10):
            failed, again = [await presence.reports.get() for _ in range(2)]
        assert (failed.full, list(failed.gone)) == (False, ["goes"])
        assert (again.full, list(again.online), list(again.gone)) == (True, ["stays"], ["goes"])
    finally:
        await tasks.close()
    assert not failures
