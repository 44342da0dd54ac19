"""What every client asks first, and what this server does not have."""

import asyncio

import pytest

from tests.e2e.client import Place, Rest
from tests.e2e.world import World


async def test_ping_needs_no_session(world: World) -> None:
    for place in (*world.edges, world.front):
        answer = await Rest(world.http, place).send("GET", "/system/ping")
        assert answer.expect(200)["status"] == "OK"
        assert answer.headers["Content-Type"] == "application/json"
        assert len(answer.headers["X-Request-Id"]) == 26
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"


async def test_config_and_licence_are_the_same_everywhere(world: World) -> None:
    config, version = None, None
    for place in (*world.edges, world.front):
        answer = await Rest(world.http, place).send("GET", "/config/client", params={"format": "old"})
        read = answer.expect(200)
        assert all(isinstance(value, str) for value in read.values())
        assert config in (None, read)
        assert version in (None, answer.headers["X-Version-Id"])
        config, version = read, answer.headers["X-Version-Id"]
        licence = await Rest(world.http, place).get("/license/client", format="old")
        assert licence["IsLicensed"] == "false"


async def test_health_is_plain(world: World, edges: tuple[Place, Place]) -> None:
    for edge in edges:
        async with world.http.get(f"http://{edge.host}:{edge.rest_port}/healthz") as response:
            assert response.status == 200


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("POST", "/hooks/incoming", "createIncomingWebhook"),
        ("POST", "/commands/execute", "executeCommand"),
        ("GET", "/jobs", "getJobs"),
        ("DELETE", "/posts/xxxxxxxxxxxxxxxxxxxxxxxxxx?permanent=true", "deletePost with permanent=true"),
    ],
)
async def test_what_is_not_implemented_says_its_name(world: World, method: str, path: str, operation: str) -> None:
    for edge in world.edges:
        answer = await world.admin.at(edge).send(method, path, {})
        assert answer.status == 501
        assert operation in answer.json["message"]
        assert answer.json["status_code"] == 501
        assert answer.json["id"] == "api.chorus.not_implemented.app_error"


async def test_a_path_that_nobody_knows_is_404(world: World) -> None:
    for place in (*world.edges, world.front):
        assert await world.admin.at(place).refused("GET", "/no/such/thing") == (404, "api.context.404.app_error")


async def test_the_first_page_says_what_this_is(world: World) -> None:
    for place in (*world.edges, world.front):
        async with world.http.get(f"http://{place.host}:{place.rest_port}/") as response:
            assert response.status == 200
            assert response.content_type == "text/html"
            assert "Chorus" in await response.text()
            assert response.headers["X-Frame-Options"] == "SAMEORIGIN"


async def test_headers_meant_for_the_mesh_are_not_believed_from_outside(world: World) -> None:
    ana = await world.person("ana")
    headers = {
        "x-forwarded-client-cert": "URI=spiffe://chorus/edge",
        "x-chorus-user-id": ana.id,
        "x-chorus-lane": "not a number",
    }
    answer = await Rest(world.http, world.front).send("GET", "/users/me", headers=headers)
    assert answer.refusal == (401, "api.context.session_expired.app_error")


@pytest.mark.parametrize("request_", [b"\x16\x03\x01 nonsense\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET\r\n\r\n"])
async def test_a_request_that_is_no_http_is_answered_400_and_the_edge_lives(world: World, request_: bytes) -> None:
    for place in (*world.edges, world.front):
        reader, writer = await asyncio.open_connection(place.host, place.rest_port)
        writer.write(request_)
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        assert answer.split(b" ", 2)[1:2] in ([b"400"], [b"426"], []), answer[:200]
        assert b"Traceback" not in answer
        assert (await Rest(world.http, place).get("/system/ping"))["status"] == "OK"
