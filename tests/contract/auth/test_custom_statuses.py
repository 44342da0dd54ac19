"""Custom statuses through generated stubs: none of those that come at once is lost from the latest ones."""

import asyncio
import json

from chorus.auth.v1 import custom_statuses_pb2 as pb
from chorus.auth.v1 import custom_statuses_pb2_grpc, preferences_pb2, preferences_pb2_grpc
from services.chassis.errors import Reason
from tests.contract.auth.callers import Auth, actor_of
from tests.contract.served import refused


async def test_statuses_that_are_set_at_once_are_all_remembered(auth: Auth) -> None:
    user, other = await auth.create(), await auth.create()
    stub = custom_statuses_pb2_grpc.CustomStatusServiceStub(auth.caller.channel)

    async def say(text: str) -> None:
        status = pb.CustomStatus(emoji="pizza", text=text)
        request = pb.SetCustomStatusRequest(actor=actor_of(user), user_id=user.id, status=status)
        await auth.caller.call(stub.SetCustomStatus, request)

    texts = {"one", "two", "three", "four", "five"}
    await asyncio.gather(*map(say, texts))
    asked = preferences_pb2.ListPreferencesRequest(actor=actor_of(user), user_id=user.id, category="custom_status")
    preferences = preferences_pb2_grpc.PreferenceServiceStub(auth.caller.channel)
    (recent,) = (await auth.caller.call(preferences.ListPreferences, asked)).preferences
    latest = json.loads(recent.value)
    assert {one["text"] for one in latest} == texts
    with refused(Reason.PERMISSION_DENIED):
        clear = pb.ClearCustomStatusRequest(actor=actor_of(other), user_id=user.id)
        await auth.caller.call(stub.ClearCustomStatus, clear)
