"""Who did not sign in is refused every operation that is for people, at both edges, and nothing is written."""

import re

import pytest

from tests.coverage.operations import WEBSOCKET, implemented
from tests.e2e.client import Rest
from tests.e2e.database import Database
from tests.e2e.world import World

EXPIRED = (401, "api.context.session_expired.app_error")
PREFIX = "/api/v4"
FOR_ANYBODY = {
    ("GET", "/api/v4/config/client"),
    ("GET", "/api/v4/license/client"),
    ("GET", "/api/v4/plugins/webapp"),
    ("GET", "/api/v4/system/ping"),
    ("GET", "/api/v4/teams/invite/{invite_id}"),
    ("POST", "/api/v4/logs"),
    ("POST", "/api/v4/users"),
    ("POST", "/api/v4/users/login"),
    ("POST", "/api/v4/users/logout"),
}
"""What a sign-in page, or a client that has not signed in yet, asks for."""


@pytest.mark.parametrize("token", ["", "x" * 26])
async def test_nothing_else_is_answered_without_a_session(world: World, database: Database, token: str) -> None:
    before = database.rows()
    answered = []
    for method, template in sorted(implemented() - FOR_ANYBODY - {WEBSOCKET}):
        path = re.sub(r"\{\w+\}", "x" * 26, template.removeprefix(PREFIX))
        for edge in world.edges:
            answer = await Rest(world.http, edge, token).send(method, path, None if method in ("GET", "HEAD") else {})
            # An answer to HEAD has no body that could name the error.
            if answer.status != EXPIRED[0] or (method != "HEAD" and answer.refusal != EXPIRED):
                answered.append((edge.name, method, path, *answer.refusal))
    assert not answered
    assert database.rows() == before
