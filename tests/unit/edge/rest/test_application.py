"""What holds for every request, whatever it asks for."""

from http.cookies import SimpleCookie
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient

from services.chassis.admin import Readiness
from services.edge.rest import application
from tests.unit.edge.rest.conftest import CSRF, TOKEN, USER

Client = TestClient[Any, Any]
BEARER = {"Authorization": f"Bearer {TOKEN}"}
COOKIE = {"Cookie": f"MMAUTHTOKEN={TOKEN}"}


async def error_of(response: ClientResponse) -> tuple[int, str]:
    """Return status and id, having looked at the whole shape."""
    body = await response.json()
    assert body.keys() == {"id", "message", "detailed_error", "request_id", "status_code"}
    assert body["status_code"] == response.status
    assert body["request_id"] == response.headers["X-Request-Id"]
    assert body["detailed_error"] == ""
    return response.status, body["id"]


async def test_every_answer_carries_the_protocols_headers(client: Client) -> None:
    for path in ("/api/v4/channels", "/api/v4/nothing", "/api/v4/emoji"):
        response = await client.get(path, headers=BEARER)
        assert response.headers["Content-Type"] == "application/json"  # exactly: clients compare with ===
        assert len(response.headers["X-Request-Id"]) == 26
        assert response.headers["X-Version-Id"] == "11.6.0.11.6.0.hash.false"
        assert response.headers["Permissions-Policy"] == ""
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["Expires"] == "0"
    posted = await client.post("/api/v4/posts", headers=BEARER, json={})
    assert "Expires" not in posted.headers


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "token", "Token"])
async def test_a_header_signs_in(client: Client, scheme: str) -> None:
    response = await client.get("/api/v4/users/me", headers={"Authorization": f"{scheme} {TOKEN}"})
    assert await response.json() == {"id": USER}


async def test_a_token_is_cut_at_fifty_characters(client: Client) -> None:
    response = await client.get("/api/v4/users/me", headers={"Authorization": f"Bearer {TOKEN}more"})
    assert response.status == 200


async def test_the_cookie_comes_before_the_header(client: Client) -> None:
    response = await client.get("/api/v4/users/me", headers={**BEARER, "Cookie": "MMAUTHTOKEN=stale"})
    assert await error_of(response) == (401, "api.context.session_expired.app_error")


async def test_an_ended_session_takes_its_cookie_along(client: Client) -> None:
    response = await client.get("/api/v4/users/me", headers={"Cookie": "MMAUTHTOKEN=stale"})
    cookie = SimpleCookie(response.headers["Set-Cookie"])["MMAUTHTOKEN"]
    assert (cookie.value, cookie["max-age"], cookie["path"]) == ("", "0", "/")


async def test_a_token_in_the_query_is_refused_even_where_none_is_needed(client: Client) -> None:
    for method, path in (("GET", "/api/v4/users/me"), ("POST", "/api/v4/users/logout")):
        response = await client.request(method, f"{path}?access_token={TOKEN}")
        assert await error_of(response) == (401, "api.context.token_provided.app_error")
    unknown = await client.post("/api/v4/users/logout?access_token=unknown")
    assert unknown.status == 200


async def test_no_session_where_one_is_needed(client: Client) -> None:
    assert await error_of(await client.get("/api/v4/users/me")) == (401, "api.context.session_expired.app_error")


@pytest.mark.parametrize(
    ("headers", "accepted"),
    [
        ({}, False),
        ({"X-CSRF-Token": "wrong"}, False),
        ({"X-CSRF-Token": ""}, False),
        ({"X-CSRF-Token": CSRF}, True),
        ({"X-Requested-With": "XMLHttpRequest"}, True),
    ],
)
async def test_a_cookie_alone_changes_nothing(client: Client, headers: dict[str, str], accepted: bool) -> None:
    response = await client.post("/api/v4/posts", headers={**COOKIE, **headers}, json={})
    assert response.status == (201 if accepted else 401)
    # Where no session is needed, the request counts as nobody's.
    logout = await client.post("/api/v4/users/logout", headers={**COOKIE, **headers})
    assert await logout.json() == {"user": USER if accepted else None}


async def test_csrf_is_for_cookies_that_change_something(client: Client) -> None:
    assert (await client.get("/api/v4/users/me", headers=COOKIE)).status == 200
    assert (await client.post("/api/v4/posts", headers=BEARER, json={})).status == 201
    assert (await client.post("/api/v4/roles/names", headers=COOKIE, json=[])).status == 200  # trusts its requester


@pytest.mark.parametrize("path", ["/api/v4/users/short", f"/api/v4/users/{'A' * 26}", f"/api/v4/users/{'a' * 27}"])
async def test_ids_of_the_path_are_ids(client: Client, path: str) -> None:
    response = await client.get(path, headers=BEARER)
    assert await error_of(response) == (400, "api.context.invalid_url_param.app_error")


@pytest.mark.parametrize("name", ["%00", "a%00b", "%ED%A0%80", "%ff"])
async def test_names_of_the_path_can_be_stored(client: Client, name: str) -> None:
    response = await client.get(f"/api/v4/users/username/{name}", headers=BEARER)
    assert response.status in (200, 400)
    if response.status == 200:
        assert "\0" not in (await response.json())["name"]


@pytest.mark.parametrize(
    ("query", "page", "per_page"),
    [
        ("", 0, 60),
        ("page=2&per_page=10", 2, 10),
        ("page=-1&per_page=-5", 0, 60),
        ("page=x&per_page=1.5", 0, 60),
        ("page=&per_page=201", 0, 200),
        ("page=99999999999999&per_page=0", 2**31 - 1, 0),
        ("page=1_0&per_page=+5", 0, 60),
        ("page=٣", 0, 60),
        ("page=" + "9" * 500, 0, 60),
    ],
)
async def test_pages(client: Client, query: str, page: int, per_page: int) -> None:
    told = await (await client.get(f"/api/v4/channels?{query}", headers=BEARER)).json()
    assert (told["page"], told["per_page"]) == (page, per_page)


@pytest.mark.parametrize("since", ["x", "-1", "1.5", "9" * 19])
async def test_times_that_are_none_are_refused(client: Client, since: str) -> None:
    response = await client.get(f"/api/v4/channels?since={since}", headers=BEARER)
    assert await error_of(response) == (400, "api.context.invalid_body_param.app_error")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b'{"name":1}',
        b'{"size":"1"}',
        b'{"size":true}',
        b'{"name":"a"} b',
        b'{"name":"\xff"}',
        b'{"name":"\\ud800"}',
        b'{"name":"\\u0000"}',
        b'{"name":"\\\\\\u0000"}',
        b'{"x":' * 150 + b"1" + b"}" * 150,
    ],
)
async def test_bodies_that_are_not_what_they_should_be(client: Client, body: bytes) -> None:
    response = await client.post("/api/v4/posts", headers=BEARER, data=body)
    if body.startswith(b'{"x"'):
        assert response.status in (201, 400)  # deep, but unknown: skipped, or refused for its depth
    else:
        assert await error_of(response) == (400, "api.context.invalid_body_param.app_error")
        assert "post" in (await response.json())["message"]


async def test_requests_without_a_body_end_however_many_come(client: Client) -> None:
    for _ in range(3):
        response = await client.post("/api/v4/posts", headers=BEARER)
        assert await error_of(response) == (400, "api.context.invalid_body_param.app_error")


async def test_requests_without_a_body_one_after_another(client: Client) -> None:
    for _ in range(3):
        response = await client.post("/api/v4/posts", headers=BEARER)
        assert await error_of(response) == (400, "api.context.invalid_body_param.app_error")


async def test_a_body_nested_without_end_is_refused(client: Client) -> None:
    response = await client.post("/api/v4/posts", headers=BEARER, data=b"[" * 999)
    assert await error_of(response) == (400, "api.context.invalid_body_param.app_error")


@pytest.mark.parametrize("name", ["\\u0000", "ü", "😀"])
async def test_a_backslash_before_u0000_is_only_text(client: Client, name: str) -> None:
    response = await client.post("/api/v4/posts", headers=BEARER, json={"name": name, "unknown": [1]})
    assert await response.json() == {"name": name, "size": None}


async def test_a_body_may_not_be_too_large_whether_it_says_so_or_not(client: Client) -> None:
    async def drip() -> Any:
        for _ in range(11):
            yield b" " * 100

    for data in (b" " * 1001, drip()):
        response = await client.post("/api/v4/posts", headers=BEARER, data=data)
        assert await error_of(response) == (413, "api.context.request_body_too_large.app_error")


async def test_an_address_may_not_be_too_long(client: Client) -> None:
    for path in ("/api/v4/channels", "/api/v4/nothing"):
        response = await client.get(f"{path}?q={'x' * 2048}", headers=BEARER)
        assert await error_of(response) == (414, "basic_security_check.url.too_long_error")


@pytest.mark.parametrize("path", ["/api/v4/nothing", "/api/v4", "/api", "/", "/elsewhere"])
async def test_unknown_addresses(client: Client, path: str) -> None:
    for method in ("GET", "POST"):
        response = await client.request(method, path)
        assert await error_of(response) == (404, "api.context.404.app_error")


async def test_a_method_that_an_address_does_not_have(client: Client) -> None:
    assert await error_of(await client.put("/api/v4/system/ping")) == (404, "api.context.404.app_error")


async def test_what_is_not_implemented_says_its_name_to_anybody(client: Client) -> None:
    response = await client.get("/api/v4/emoji")
    assert await error_of(response) == (501, "api.chorus.not_implemented.app_error")
    assert (await response.json())["message"].startswith("getEmojiList ")


async def test_a_bug_keeps_its_cause_to_itself(client: Client) -> None:
    response = await client.get("/api/v4/system/ping?how=bug")
    assert await error_of(response) == (500, "api.chorus.internal.app_error")
    assert "secret" not in await response.text()


@pytest.mark.parametrize(("how", "status", "seconds"), [("away", 503, "1"), ("flood", 429, "7")])
async def test_who_may_try_again_is_told_when(client: Client, how: str, status: int, seconds: str) -> None:
    response = await client.get(f"/api/v4/system/ping?how={how}")
    assert (response.status, response.headers["Retry-After"]) == (status, seconds)


async def test_a_request_that_takes_too_long_is_ended_here(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application, "REQUEST_SECONDS", 0.05)
    response = await client.get("/api/v4/system/ping?how=hang")
    assert await error_of(response) == (504, "api.context.gateway_timeout.app_error")


async def test_health_turns_with_the_first_moment_of_draining(client: Client, readiness: Readiness) -> None:
    assert (await client.get("/healthz")).status == 200
    readiness.drain()
    assert (await client.get("/healthz")).status == 503
