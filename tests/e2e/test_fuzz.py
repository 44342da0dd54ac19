"""Whatever is sent, no operation fails or hangs; what is refused has the protocol's shape and changes nothing.

Each operation of the edge is sent a right request, which those of tier boot must accept, and then FUZZ_EXAMPLES that
are drawn (the others a third of it), the same for the same FUZZ_SEED:

    FUZZ_EXAMPLES=500 FUZZ_SEED=7 .venv/bin/python -m pytest tests/e2e/test_fuzz.py -k 'POST-/posts'
"""

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import suppress

import aiohttp
import pytest
from hypothesis import HealthCheck, event, given, seed, settings
from hypothesis import strategies as st

from deploy.local.mesh import Mesh
from tests.coverage import sightings
from tests.e2e import sockets
from tests.e2e.client import Place
from tests.e2e.database import Database, Ledger
from tests.e2e.fuzz import values
from tests.e2e.fuzz.ground import Ground, Reply
from tests.e2e.fuzz.requests import Request, Target, targets

SEED = int(os.environ.get("FUZZ_SEED", "1"))
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "24"))
STEADY = settings(
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
INNER = ("Traceback", "psycopg", "sqlalchemy", "grpc", "asyncio", ".py", "127.0.0.1")
FOR_ADMINS = frozenset(
    (
        "DELETE /users/{user_id}",
        "GET /analytics/old",
        "GET /roles",
        "GET /system/onboarding/complete",
        "GET /teams/{team_id}/channels/private",
        "POST /posts/ephemeral",
        "POST /users",
        "POST /users/{user_id}/demote",
        "POST /users/{user_id}/promote",
        "PUT /users/{user_id}/active",
        "PUT /users/{user_id}/roles",
    )
)
"""What the owner of a team may not do."""
TARGETS = targets()


@pytest.fixture(scope="module")
def ground(edges: tuple[Place, Place], chorus: Mesh) -> Iterator[Ground]:
    made = Ground(edges, Database(chorus))
    yield made
    made.close()


@pytest.fixture
def ledger(database: Database) -> Iterator[Ledger]:
    opened = Ledger(database)
    yield opened
    opened.close()


def _judge(target: Target, reply: Reply) -> None:
    """What holds for every answer."""
    assert reply.status < 500 or reply.status == 501, reply
    sightings.check(target.operation, reply.status, reply.kind, reply.body)
    if reply.status < 400 or target.operation.method == "HEAD":
        return
    error = json.loads(reply.body)
    assert reply.kind == "application/json"
    assert error["status_code"] == reply.status
    assert error["id"]
    assert error["message"]
    assert error["detailed_error"] == ""
    inside = f"{error['id']} {error['message']}"
    assert not [word for word in INNER if word in inside], reply


@pytest.mark.parametrize("target", TARGETS, ids=[repr(target).replace(" ", "-") for target in TARGETS])
def test_no_request_makes_an_operation_fail_and_no_refused_one_changes_anything(
    ground: Ground, ledger: Ledger, target: Target
) -> None:
    ground.renew(writes=1)
    may = "admin" if repr(target) in FOR_ADMINS else "owner"
    reply = ground.send(target.right(), may)
    _judge(target, reply)
    vital = target.operation.tier == "boot"
    assert reply.status < 400 or not vital, reply

    examples = EXAMPLES if vital else -(-EXAMPLES // 3)

    @seed(SEED)
    @settings(STEADY, max_examples=examples)
    @given(target.requests(), st.sampled_from([may] * 6 + ["member", "nobody", "admin"]), st.integers(0, 1))
    def explore(request: Request, who: str, turn: int) -> None:
        ground.renew()
        before = ledger.read()
        reply = ground.send(request, who, turn)
        event(f"answered {reply.status}")  # pytest --hypothesis-show-statistics
        _judge(target, reply)
        if reply.status >= 400:
            after = ledger.read()
            assert after == before, (reply, {name: after[name] - count for name, count in before.items()})

    explore()


writable = values.text.filter(lambda said: "\ud800" not in said)
frames = st.binary(max_size=60) | writable | values.anything.map(json.dumps)
KNOWN_ACTIONS = (
    "ping",
    "user_typing",
    "presence",
    "get_statuses",
    "get_statuses_by_ids",
    "authentication_challenge",
    "user_update_active_status",
    "posted_notify_ack",
)
KNOWN_DATA = ("channel_id", "parent_id", "user_ids", "user_is_active", "token", "is_thread_view")
actions = st.builds(
    lambda action, seq, data: json.dumps({"action": action, "seq": seq, "data": data}),
    st.sampled_from(KNOWN_ACTIONS) | values.text,
    st.integers(1, 5) | values.anything,
    st.dictionaries(st.sampled_from(KNOWN_DATA), values.anything) | values.anything,
)


@seed(SEED)
@settings(STEADY, max_examples=80)
@given(sent=st.lists(frames | actions, min_size=1, max_size=4), turn=st.integers(0, 1))
def test_no_frame_makes_a_socket_hang(
    ground: Ground, edges: tuple[Place, Place], sent: list[bytes | str], turn: int
) -> None:
    async def converse() -> None:
        async with aiohttp.ClientSession() as http_:
            socket = await sockets.listen(http_, edges[turn], "fuzz", ground.token("owner"))
            with suppress(ConnectionResetError):  # what was sent before may have ended it
                for frame in (*sent, json.dumps({"action": "ping", "seq": 77})):
                    await socket.raw(frame)
            await socket.until(lambda: [f for f in socket.frames if f.get("seq_reply") == 77] or socket.ended, "an end")
            for frame_ in socket.frames:
                said = str(frame_.get("error", ""))
                assert not [word for word in INNER if word in said], said
            await socket.close()

    asyncio.run(converse())
