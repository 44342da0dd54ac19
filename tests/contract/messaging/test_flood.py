"""Promise 9 at an instance's own bound: calls beyond it are told to come again, and those under way are answered."""

import asyncio

import psycopg
import pytest

from chorus.messaging.v1 import channels_pb2, channels_pb2_grpc
from services.chassis.errors import DomainError, Reason
from services.chassis.rpc import server
from tests.contract.messaging.conftest import Ground
from tests.contract.served import Served, eventually

BOUND = 8


async def test_a_call_too_many_is_refused_at_once_and_the_others_are_answered(
    messaging: Served, ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    edge = messaging.caller()
    stub = channels_pb2_grpc.ChannelServiceStub(edge.channel)
    request = channels_pb2.GetChannelRequest(actor=ground.actor(ground.alice), id=ground.channel)
    await edge.call(stub.GetChannel, request)
    monkeypatch.setattr(server, "MAX_CALLS", BOUND)
    refusals: list[DomainError] = []

    async def ask() -> channels_pb2.GetChannelResponse | None:
        try:
            return await edge.call(stub.GetChannel, request)
        except DomainError as error:
            refusals.append(error)
            return None

    with psycopg.connect(ground.dsn) as connection:
        connection.execute("LOCK TABLE channels IN ACCESS EXCLUSIVE MODE")
        asked = [asyncio.ensure_future(ask()) for _ in range(3 * BOUND)]

        async def the_rest_is_refused() -> bool:
            return len(refusals) == 2 * BOUND

        await eventually(the_rest_is_refused, "all but the bound are refused while these wait")
        assert {(error.reason, error.facts["retry_after_s"]) for error in refusals} == {(Reason.BUSY, "1")}
        connection.rollback()
    answered = [answer for answer in await asyncio.gather(*asked) if answer is not None]
    assert [answer.channel.id for answer in answered] == [ground.channel] * BOUND
    assert (await edge.call(stub.GetChannel, request)).channel.id == ground.channel
