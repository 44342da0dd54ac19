"""Signing in, cookies and the end of a session, on both edges."""

import time

import pytest

from tests.e2e import sockets
from tests.e2e.client import Place, Rest, sign_in
from tests.e2e.database import Database
from tests.e2e.world import PASSWORD, World, say

EXPIRED = (401, "api.context.session_expired.app_error")


async def test_one_session_is_good_at_every_edge(world: World) -> None:
    (ana,) = await world.people("ana")
    for place in (*world.edges, world.front):
        me = await ana.at(place).get("/users/me")
        assert (me["id"], me["username"], me["email"]) == (ana.id, ana.username, ana.email)
        assert not {"password", "last_login", "mfa_secret"} & set(me)


async def test_login_by_username_or_email_in_any_case(world: World) -> None:
    (ana,) = await world.people("ana")
    for login_id in (ana.username, ana.email, ana.username.upper(), ana.email.upper()):
        rest = await sign_in(world.http, world.edges[1], login_id, PASSWORD)
        assert (await rest.get("/users/me"))["id"] == ana.id


async def test_wrong_credentials_say_the_same_for_everybody(world: World) -> None:
    (ana,) = await world.people("ana")
    nobody = Rest(world.http, world.edges[0])
    wrong = (401, "api.user.login.invalid_credentials_email_username")
    for login_id, password in ((ana.username, "wrong password"), ("nobody-of-that-name", PASSWORD)):
        login = {"login_id": login_id, "password": password}
        assert await nobody.refused("POST", "/users/login", login) == wrong
    blank = {"login_id": ana.username, "password": ""}
    assert await nobody.refused("POST", "/users/login", blank) == (400, "api.user.login.blank_pwd.app_error")


async def test_a_revoked_session_closes_its_sockets_and_is_refused_on_both_edges(world: World) -> None:
    (ana,) = await world.people("ana")
    doomed = await sign_in(world.http, world.edges[0], ana.username, PASSWORD)
    open_sockets = [await world.keep(await sockets.listen(world.http, e, "doomed", doomed.token)) for e in world.edges]
    others = await world.listen_everywhere(ana)
    for edge in world.edges:
        await doomed.at(edge).get("/users/me")
    listed = await doomed.get("/users/me/sessions")
    assert all(session["token"] == "" for session in listed)
    assert {session["user_id"] for session in listed} == {ana.id}
    newest = max(listed, key=lambda session: session["create_at"])
    await ana.at(world.edges[1]).post("/users/me/sessions/revoke", {"session_id": newest["id"]}, expect=200)

    answered = time.monotonic()
    for edge in world.edges:
        began = time.monotonic()
        while (await doomed.at(edge).send("GET", "/users/me")).refusal != EXPIRED:
            assert began - answered < 0.1, f"{edge.name} serves it {began - answered:.3f} s after the revocation"
            began = time.monotonic()
        assert await doomed.at(edge).refused("POST", "/posts", {}) == EXPIRED
        await ana.at(edge).get("/users/me")
    for socket in open_sockets:
        await socket.closed()
    assert not any(socket.ended for socket in others)


async def test_an_expired_session_is_refused_on_both_edges(world: World, database: Database) -> None:
    (ana,) = await world.people("ana")
    expired = await sign_in(world.http, world.edges[0], ana.username, PASSWORD)
    (older, newer) = sorted((await ana.rest.get("/users/me/sessions")), key=lambda session: int(session["create_at"]))
    assert newer["expires_at"] > newer["create_at"]
    assert database.write("auth", "UPDATE sessions SET expires_at = 1 WHERE id = %s", newer["id"]) == 1
    for edge in world.edges:
        assert await expired.at(edge).refused("GET", "/users/me") == EXPIRED
        assert await ana.at(edge).get("/users/me")
    assert older["id"] in {session["id"] for session in await ana.rest.get("/users/me/sessions")}


async def test_logging_out_ends_the_session_everywhere(world: World) -> None:
    (ana,) = await world.people("ana")
    socket = await world.listen(ana, world.edges[1])
    await ana.at(world.edges[1]).get("/users/me")
    assert await ana.at(world.edges[0]).post("/users/logout", expect=200) == {"status": "OK"}
    await socket.closed()
    for edge in world.edges:
        assert await ana.at(edge).refused("GET", "/users/me") == EXPIRED
    assert await Rest(world.http, world.edges[0]).post("/users/logout", expect=200) == {"status": "OK"}


async def test_nobody_ends_the_sessions_of_others(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    (session,) = await ana.rest.get("/users/me/sessions")
    forbidden = (403, "api.context.permissions.app_error")
    revoke = {"session_id": session["id"]}
    assert await ben.rest.refused("GET", f"/users/{ana.id}/sessions") == forbidden
    assert await ben.rest.refused("POST", f"/users/{ana.id}/sessions/revoke", revoke) == forbidden
    status, _ = await ben.rest.refused("POST", "/users/me/sessions/revoke", revoke)
    assert status in (400, 403)
    await ana.rest.get("/users/me")


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer " + "x" * 26, "Bearer " + "x" * 500, "token nonsense"])
async def test_a_token_that_is_none_answers_401(world: World, header: str) -> None:
    headers = {"Authorization": header} if header else {}
    for edge in world.edges:
        answer = await Rest(world.http, edge).send("GET", "/users/me", headers=headers)
        assert answer.refusal == EXPIRED
        assert answer.json["request_id"] == answer.headers["X-Request-Id"]


async def test_a_token_in_the_query_is_refused(world: World) -> None:
    (ana,) = await world.people("ana")
    asked = await Rest(world.http, world.edges[0]).send("GET", "/users/me", params={"access_token": ana.token})
    assert asked.refusal == (401, "api.context.token_provided.app_error")


async def _browser(world: World, place: Place) -> tuple[str, dict[str, str], dict[str, str]]:
    """Somebody signed in as a browser: the Cookie header, the session's cookies, the account."""
    ana = await world.person("ana", place)
    login = {"login_id": ana.username, "password": PASSWORD}
    headers = {"X-Requested-With": "XMLHttpRequest"}
    answer = await Rest(world.http, place).send("POST", "/users/login", login, headers=headers)
    answer.expect(200)
    cookies = dict(answer.cookies)
    assert set(cookies) == {"MMAUTHTOKEN", "MMUSERID", "MMCSRF"}
    assert (cookies["MMUSERID"], cookies["MMAUTHTOKEN"]) == (ana.id, answer.headers["Token"])
    return "; ".join(f"{name}={value}" for name, value in cookies.items()), cookies, {"id": ana.id}


async def test_a_login_without_the_browsers_header_sets_no_cookie(world: World) -> None:
    ana = await world.person("ana")
    login = {"login_id": ana.username, "password": PASSWORD}
    answer = await Rest(world.http, world.edges[0]).send("POST", "/users/login", login)
    assert (answer.status, dict(answer.cookies)) == (200, {})


async def test_a_cookie_writes_only_with_the_csrf_token(world: World) -> None:
    cookie, cookies, account = await _browser(world, world.edges[0])
    patch = ("PUT", "/users/me/patch", {"nickname": "kitten"})
    for edge in world.edges:
        browser = Rest(world.http, edge)
        read = await browser.send("GET", "/users/me", headers={"Cookie": cookie})
        assert read.expect(200)["id"] == account["id"]
        for headers in ({}, {"X-CSRF-Token": "wrong"}, {"X-CSRF-Token": ""}):
            refused = await browser.send(*patch, headers={"Cookie": cookie, **headers})
            assert refused.refusal == EXPIRED, headers
        assert (await browser.send("GET", "/users/me", headers={"Cookie": cookie})).json["nickname"] == ""
    good = {"Cookie": cookie, "X-CSRF-Token": cookies["MMCSRF"]}
    assert (await Rest(world.http, world.edges[1]).send(*patch, headers=good)).expect(200)["nickname"] == "kitten"
    ajax = {"Cookie": cookie, "X-Requested-With": "XMLHttpRequest"}
    assert (await Rest(world.http, world.edges[1]).send(*patch, headers=ajax)).status == 200


async def test_the_cookie_wins_over_the_header_and_opens_a_socket(world: World) -> None:
    cookie, _, account = await _browser(world, world.edges[1])
    ben = await world.person("ben")
    headers = {"Cookie": cookie, "Authorization": f"Bearer {ben.token}"}
    me = await Rest(world.http, world.edges[0]).send("GET", "/users/me", headers=headers)
    assert me.json["id"] == account["id"]
    socket = await world.keep(await sockets.connect(world.http, world.edges[0], "browser", headers={"Cookie": cookie}))
    assert (await socket.event("hello"))["broadcast"]["user_id"] == account["id"]


async def test_an_invalid_cookie_is_taken_away(world: World) -> None:
    answer = await Rest(world.http, world.edges[0]).send("GET", "/users/me", headers={"Cookie": "MMAUTHTOKEN=gone"})
    assert answer.refusal == EXPIRED
    assert answer.cookies.get("MMAUTHTOKEN") == ""


async def test_a_post_needs_the_session_that_it_names(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    channel = await world.room(ana, ben)
    post = await say(ana.rest, channel["id"], "mine", user_id=ben.id)
    assert post["user_id"] == ana.id
