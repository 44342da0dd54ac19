"""Who may call: only Envoy, and behind it only whom the contract names."""

import pytest

from chorus.auth.v1 import users_pb2
from services.chassis.errors import Reason
from tests.contract.auth.callers import Auth, actor_of
from tests.contract.served import refused

_SNAPSHOT = users_pb2.SnapshotUsersRequest()


async def test_a_method_is_for_its_declared_callers(auth: Auth) -> None:
    messaging = Auth(auth.served, auth.served.caller("messaging"))
    await messaging.caller.call(messaging.users.SnapshotUsers, _SNAPSHOT)
    with refused(Reason.CALLER_REFUSED, caller="edge"):
        await auth.caller.call(auth.users.SnapshotUsers, _SNAPSHOT)


@pytest.mark.parametrize("identity", ["edge", "messaging", "operator"])
async def test_a_peer_that_is_not_envoy_is_refused_whatever_it_says(auth: Auth, identity: str) -> None:
    direct = Auth(auth.served, auth.served.caller("messaging", identity))
    with refused(Reason.CALLER_REFUSED, caller="not Envoy"):
        await direct.caller.call(direct.users.SnapshotUsers, _SNAPSHOT)


async def test_envoy_must_say_who_calls(auth: Auth) -> None:
    nameless = Auth(auth.served, auth.served.caller(None))
    with refused(Reason.CALLER_REFUSED, caller="unknown"):
        await nameless.caller.call(nameless.users.SnapshotUsers, _SNAPSHOT)


async def test_a_request_out_of_bounds_names_the_field(auth: Auth) -> None:
    user = await auth.create("bounded")
    with refused(Reason.INVALID_ARGUMENT, field="id"):
        await auth.patch(user, "short")
    with refused(Reason.INVALID_ARGUMENT, field="ids"):
        await auth.caller.call(auth.users.GetUsers, users_pb2.GetUsersRequest(ids=["y" * 26] * 1001))
    with refused(Reason.INVALID_ARGUMENT, field="actor"):
        await auth.caller.call(auth.users.PatchUser, users_pb2.PatchUserRequest(id=actor_of(user).user_id))
