"""Guests see only those with whom they share a channel; an unknown user looks like a hidden one."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, cast
from unittest.mock import AsyncMock, MagicMock

import pytest
from aiohttp.test_utils import TestClient, TestServer

from chorus.auth.v1 import users_pb2
from services.chassis.admin import Readiness
from services.chassis.config import Settings
from services.chassis.metrics import Metrics
from services.edge.caller import Session
from services.edge.clients.auth import AuthClient
from services.edge.clients.members import MemberClient
from services.edge.dialect.users import UserShapes
from services.edge.metrics import RestMetrics
from services.edge.rest.application import Application
from services.edge.rest.users import Users
from services.edge.rest.visibility import Visibility
from services.edge.sessions import Sessions
from tests.unit.edge.rest.conftest import TOKEN

Client = TestClient[Any, Any]
GUEST, FRIEND, STRANGER = "g" * 26, "f" * 26, "s" * 26
EVERYBODY = {
    user_id: users_pb2.User(id=user_id, username=f"name-{user_id[0]}") for user_id in (GUEST, FRIEND, STRANGER)
}
BEARER = {"Authorization": f"Bearer {TOKEN}"}


class Guests:
    async def authenticate(self, token: str) -> Session | None:
        return Session("k" * 26, GUEST, ("system_guest",), 0, "")


async def _users(
    *, ids: Sequence[str] = (), usernames: Sequence[str] = (), emails: Sequence[str] = (), since_ms: int = 0
) -> list[users_pb2.User]:
    named = [user for user in EVERYBODY.values() if user.username in usernames]
    return [EVERYBODY[user_id] for user_id in ids if user_id in EVERYBODY] + named


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    auth = AuthClient(MagicMock())
    auth.users = _users  # type: ignore[method-assign]
    members = MagicMock(spec=MemberClient)
    members.visible_user_ids = AsyncMock(return_value=frozenset({FRIEND}))
    settings = Settings()
    users = Users(
        auth,
        cast(MemberClient, members),
        MagicMock(),
        Visibility(cast(MemberClient, members)),
        UserShapes(settings.PrivacySettings),
        settings,
    )
    application = Application(
        [users], cast(Sessions, Guests()), Readiness(), RestMetrics(Metrics("edge")), version="", body_limit=1000
    )
    async with TestClient(TestServer(application.build())) as made:
        yield made


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/users/me", 200),
        (f"/users/{FRIEND}", 200),
        (f"/users/{STRANGER}", 403),
        (f"/users/{'n' * 26}", 403),
        ("/users/username/name-f", 200),
        ("/users/username/name-s", 403),
        ("/users/username/nobody", 403),
        ("/users/email/nobody@example.com", 403),
    ],
)
async def test_looking_up(client: Client, path: str, status: int) -> None:
    response = await client.get(f"/api/v4{path}", headers=BEARER)
    assert response.status == status
    if status == 403:
        assert (await response.json())["id"] == "api.context.permissions.app_error"


async def test_lists_leave_strangers_out(client: Client) -> None:
    response = await client.post("/api/v4/users/ids", headers=BEARER, json=[STRANGER, FRIEND, GUEST])
    assert [user["id"] for user in await response.json()] == [FRIEND, GUEST]
    response = await client.post("/api/v4/users/usernames", headers=BEARER, json=["name-s", "name-f"])
    assert [user["id"] for user in await response.json()] == [FRIEND]
