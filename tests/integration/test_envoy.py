"""Envoy's policy (envoy/*.yaml) at work: DESIGN §7, and what promises 6, 8 and 9 ask of the proxy."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import grpc
import pytest
import pytest_asyncio

from deploy.local import authority
from deploy.local.envoy import render
from tests.integration.envoy_mesh import DOWNLOAD, GET_POSTS, PATCH_POST, TAKE_OVER, Mesh, ask, eventually, mesh

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mesh]:
    one = mesh(tmp_path_factory.mktemp("mesh"))
    try:
        await one.start()
        yield one
    finally:
        await one.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def browser() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


# The mesh listener.


async def test_a_call_goes_to_the_service_that_its_authority_names(running: Mesh) -> None:
    for service in ("auth", "messaging", "files"):
        async with running.channel(service) as channel:
            assert (await ask(channel))["name"].startswith(f"{service}-")
    for service, status in (("nobody", grpc.StatusCode.UNIMPLEMENTED), ("presence", grpc.StatusCode.UNAVAILABLE)):
        async with running.channel(service) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await ask(channel)
            assert refused.value.code() is status


async def test_the_called_service_learns_who_calls_from_the_certificate_alone(running: Mesh) -> None:
    async with running.channel("messaging", identity="presence") as channel:
        seen = await ask(
            channel, metadata={"x-forwarded-client-cert": "URI=spiffe://chorus/operator", "x-request-id": "r1"}
        )
    said = dict(part.split("=", 1) for part in seen["metadata"]["x-forwarded-client-cert"].split(";"))
    assert said["URI"] == "spiffe://chorus/presence"
    assert said["By"] == "spiffe://chorus/envoy"
    assert seen["metadata"]["x-request-id"] == "r1"


async def test_nobody_without_a_certificate_of_the_mesh_is_let_in(running: Mesh, tmp_path: Path) -> None:
    address, options = f"127.0.0.1:{running.topology.ports.mesh}", [("grpc.default_authority", "auth.chorus.internal")]
    ours = (running.tls / "ca.pem").read_bytes()
    authority.ensure(tmp_path)
    strangers = ((tmp_path / "edge-key.pem").read_bytes(), (tmp_path / "edge.pem").read_bytes())
    for name, shown in (("no_cert", (None, None)), ("error", strangers)):
        async with grpc.aio.secure_channel(address, grpc.ssl_channel_credentials(ours, *shown), options) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await ask(channel)
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
        assert any((await running.statistics(f"listener.*ssl.fail_verify_{name}")).values())


async def test_a_lane_stays_on_one_instance_until_it_goes(running: Mesh) -> None:
    async def owners(channel: grpc.aio.Channel) -> dict[int, set[str]]:
        lanes: dict[int, set[str]] = {lane: set() for lane in range(24)}
        for lane, names in lanes.items():
            for _ in range(2):
                names.add((await ask(channel, metadata={"x-chorus-lane": str(lane)}))["name"])
        return lanes

    async with running.channel("messaging") as one, running.channel("messaging", identity="presence") as other:
        before = await owners(one)
        assert all(len(names) == 1 for names in before.values())
        assert before == await owners(other)
        assert set.union(*before.values()) == {"messaging-1", "messaging-2"}

        everyone = running.topology.instances
        running.announce(tuple(one for one in everyone if one.name != "messaging-2"))
        await running.settled()
        assert set.union(*(await owners(one)).values()) == {"messaging-1"}
        running.announce(everyone)
        await running.settled()
        assert before == await owners(one)


async def test_a_release_is_picked_by_header_and_an_unknown_one_means_any(running: Mesh) -> None:
    async with running.channel("auth") as channel:
        for release, names in (("next", {"auth-2"}), ("stable", {"auth-1"}), ("gone", {"auth-1", "auth-2"})):
            answers = [await ask(channel, metadata={"x-chorus-release": release}) for _ in range(12)]
            assert {answer["name"] for answer in answers} == names


async def test_an_edge_is_reached_by_its_name_and_nobody_answers_in_its_place(running: Mesh) -> None:
    async with running.channel("edge") as channel:
        for name in ("edge-1", "edge-2", "edge-1"):
            assert (await ask(channel, TAKE_OVER, {"x-chorus-edge": name}))["name"] == name
        for wrong in ({"x-chorus-edge": "edge-3"}, {}):
            with pytest.raises(grpc.aio.AioRpcError) as nobody:
                await ask(channel, TAKE_OVER, wrong)
            assert nobody.value.code() is grpc.StatusCode.UNAVAILABLE
        await running.services["edge-2"].stop()
        with pytest.raises(grpc.aio.AioRpcError):
            await ask(channel, TAKE_OVER, {"x-chorus-edge": "edge-2"})
        await running.replace(running.services["edge-2"])
        assert (await ask(channel, TAKE_OVER, {"x-chorus-edge": "edge-2"}))["name"] == "edge-2"


async def test_reads_are_tried_elsewhere_and_changes_are_not(running: Mesh) -> None:
    lame = running.services["messaging-1"]
    async with running.channel("messaging") as channel:
        owners = {lane: (await ask(channel, metadata={"x-chorus-lane": lane}))["name"] for lane in map(str, range(24))}
        lane = next(lane for lane, owner in owners.items() if owner == "messaging-1")
        lame.failing = grpc.StatusCode.UNAVAILABLE
        try:
            assert (await ask(channel, GET_POSTS, {"x-chorus-lane": lane}))["name"] == "messaging-2"
            calls = lame.calls
            with pytest.raises(grpc.aio.AioRpcError) as failed:
                await ask(channel, PATCH_POST, {"x-chorus-lane": lane})
            assert failed.value.code() is grpc.StatusCode.UNAVAILABLE
            assert lame.calls == calls + 1
        finally:
            lame.failing = grpc.StatusCode.OK


async def test_a_read_survives_the_death_of_the_instance_that_held_it(running: Mesh) -> None:
    first, second = running.services["auth-1"], running.services["auth-2"]
    async with running.channel("auth") as channel:
        first.hold.clear()
        second.hold.clear()
        before = first.calls, second.calls
        read = asyncio.create_task(ask(channel))

        async def held() -> bool:
            return (first.calls, second.calls) != before

        await eventually(held, "an instance holds the call")
        holder, other = (first, second) if first.calls > before[0] else (second, first)
        other.hold.set()
        await holder.stop()
        assert (await read)["name"] == other.instance.name
        await running.replace(holder)


async def test_an_instance_that_stands_still_costs_a_read_one_try(running: Mesh) -> None:
    """It keeps its connections and, here, even its health: nothing but the time of a try tells."""
    still = running.services["auth-1"]
    before = still.calls
    still.hold.clear()
    try:
        async with running.channel("auth") as channel:
            while still.calls == before:
                # A try has one second; the deadline leaves room for a busy machine, and for no second try there.
                assert (await ask(channel, timeout=2.5))["name"] == "auth-2"
    finally:
        still.hold.set()


async def test_an_instance_that_is_merely_slow_is_still_listened_to(running: Mesh) -> None:
    first, second = running.services["auth-1"], running.services["auth-2"]
    before = {one.instance.name: one.calls for one in (first, second)}
    first.hold.clear()
    second.hold.clear()
    try:
        async with running.channel("auth") as channel:
            read = asyncio.create_task(ask(channel))
            asked: list[str] = []

            async def both() -> bool:
                asked.extend(
                    one.instance.name
                    for one in (first, second)
                    if one.calls > before[one.instance.name] and one.instance.name not in asked
                )
                return len(asked) == 2

            await eventually(both, "the other instance is asked as well")
            running.services[asked[0]].hold.set()
            assert (await read)["name"] == asked[0]
    finally:
        first.hold.set()
        second.hold.set()


async def test_the_callers_deadline_holds_and_is_handed_on(running: Mesh) -> None:
    slow = running.services["files-1"]
    async with running.channel("files") as channel:
        assert 0 < (await ask(channel, timeout=2.0))["remaining"] <= 2.0
        slow.hold.clear()
        try:
            with pytest.raises(grpc.aio.AioRpcError) as late:
                await ask(channel, timeout=0.3)
            assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        finally:
            slow.hold.set()


async def test_endpoints_and_certificates_change_under_open_streams(
    running: Mesh, browser: aiohttp.ClientSession
) -> None:
    everyone = running.topology.instances
    async with running.channel("files") as channel, browser.ws_connect(f"{running.front}/api/v4/websocket") as socket:
        stream: grpc.aio.StreamStreamCall[bytes, bytes] = channel.stream_stream(DOWNLOAD)()
        await stream.write(b"1")
        assert await stream.read() == b"1"
        home = await socket.receive_str()

        async def alive() -> None:
            await stream.write(b"again")
            assert await stream.read() == b"again"
            await socket.send_str("again")
            assert await socket.receive_str() == "again"

        # Its own edge leaves the list, while that one still answers health checks: nothing new goes there.
        running.announce(tuple(one for one in everyone if one.name != home))
        await running.settled()
        await alive()
        for _ in range(6):
            async with browser.get(f"{running.front}/api/v4/x") as answer:
                assert (await answer.json())["name"] != home
        running.announce(everyone)
        await running.settled()
        await alive()

        shown = await running.presented_certificate()
        for name in ("envoy.pem", "envoy-key.pem"):
            (running.tls / name).unlink()
        authority.ensure(running.tls)

        async def rotated() -> bool:
            return await running.presented_certificate() != shown

        await eventually(rotated, "the new certificate is shown")
        await alive()
        async with running.channel("files") as another:
            await ask(another)
        await stream.done_writing()

    # A changed listener would drain every socket.
    listeners = await running.statistics("listener_manager.*(modified|draining|removed)")
    assert not any(listeners.values()), listeners


# The front listener.


async def test_what_clients_say_about_the_mesh_is_not_believed(running: Mesh, browser: aiohttp.ClientSession) -> None:
    forged = {
        "X-Chorus-Lane": "1",
        "x-chorus-anything": "1",
        "x-envoy-retry-on": "5xx",
        "X-Forwarded-For": "6.6.6.6",
        "X-Real-IP": "6.6.6.6",
        "X-Forwarded-Client-Cert": "URI=spiffe://chorus/edge",
        "X-Forwarded-Proto": "https",
        "X-Request-ID": "mine",
        "Authorization": "Bearer token",
    }
    async with browser.post(f"{running.front}/api/v4/posts", headers=forged, data=b"{}") as answer:
        seen = (await answer.json())["headers"]
    assert not [name for name in seen if name.startswith(("x-chorus-", "x-envoy-")) or name == "x-real-ip"]
    assert "x-forwarded-client-cert" not in seen
    assert seen["x-forwarded-for"] == "127.0.0.1"
    assert seen["x-forwarded-proto"] == "http"
    assert seen["x-request-id"] not in ("", "mine")
    assert seen["authorization"] == "Bearer token"
    async with browser.get(f"{running.front}/api/v4/x", headers={"x_chorus_lane": "1"}) as answer:
        assert answer.status == 400


@pytest.mark.parametrize("path", ["/api/v4/websocket", "/api/v4/websocket/", "/api/v4/websocket?connection_id=a"])
async def test_sockets_open_at_their_path(running: Mesh, browser: aiohttp.ClientSession, path: str) -> None:
    async with browser.ws_connect(f"{running.front}{path}") as socket:
        assert (await socket.receive_str()).startswith("edge-")


async def test_sockets_open_nowhere_else(running: Mesh, browser: aiohttp.ClientSession) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await browser.ws_connect(f"{running.front}/api/v4/users/me")
    assert refused.value.status == 403


async def test_a_site_below_a_path_is_served_there_and_its_edges_do_not_know(
    running: Mesh, browser: aiohttp.ClientSession
) -> None:
    async def seen(path: str) -> str:
        async with browser.get(f"{running.front}{path}", allow_redirects=False) as answer:
            return (await answer.json())["path"] if answer.status == 200 else answer.headers["Location"]

    render(running.topology, running.folder / "xds", "/our/chat")
    try:
        for path in ("/api/v4/users/me?a=1", "/api/v4/files/x", "/files/x/public", "/", "/login"):

            async def arrives(path: str = path) -> bool:
                return await seen(f"/our/chat{path}") == path

            await eventually(arrives, f"{path} below the site's path")
        async with browser.get(f"{running.front}/healthz") as answer:
            assert answer.status == 200
        for path in ("/our/chat", "/api/v4/users/me", "/our/chatter/x", "/"):
            assert (await seen(path)).endswith("/our/chat/")
        async with browser.ws_connect(f"{running.front}/our/chat/api/v4/websocket?connection_id=a") as socket:
            assert (await socket.receive_str()).startswith("edge-")
    finally:
        render(running.topology, running.folder / "xds")

    async def as_before() -> bool:
        return await seen("/our/chat") == "/our/chat"

    await eventually(as_before, "the site has its host for itself again")


async def test_a_draining_edge_gets_nothing_new_and_keeps_its_sockets(
    running: Mesh, browser: aiohttp.ClientSession
) -> None:
    async with browser.ws_connect(f"{running.front}/api/v4/websocket") as socket:
        home = running.edges[await socket.receive_str()]

        async def left() -> bool:
            return home.instance.port not in await running.healthy("edge_rest") and (
                home.instance.websocket_port not in await running.healthy("edge_websocket")
            )

        home.draining = True
        try:
            await eventually(left, "the draining edge is out of rotation")
            async with browser.ws_connect(f"{running.front}/api/v4/websocket") as another:
                assert await another.receive_str() != home.instance.name
            await socket.send_str("still here")
            assert await socket.receive_str() == "still here"
        finally:
            home.draining = False
        await running.settled()


async def test_a_read_that_was_shed_is_tried_once_more_elsewhere(running: Mesh, browser: aiohttp.ClientSession) -> None:
    one, two = running.edges.values()
    one.status = 503
    try:
        for _ in range(6):
            async with browser.get(f"{running.front}/api/v4/x") as answer:
                assert (answer.status, (await answer.json())["name"]) == (200, two.instance.name)
        statuses = set()
        for _ in range(20):
            async with browser.post(f"{running.front}/api/v4/x") as answer:
                statuses.add(answer.status)
        assert statuses == {200, 503}
        two.status = 503
        calls = one.calls + two.calls
        async with browser.get(f"{running.front}/api/v4/x") as answer:
            assert answer.status == 503
        assert one.calls + two.calls == calls + 2
    finally:
        one.status = two.status = 200


async def test_operations_that_we_lack_eject_no_edge(running: Mesh, browser: aiohttp.ClientSession) -> None:
    for edge in running.edges.values():
        edge.status = 501
    try:
        for _ in range(20):
            async with browser.get(f"{running.front}/api/v4/lacking") as answer:
                assert answer.status == 501
    finally:
        for edge in running.edges.values():
            edge.status = 200
    assert await running.statistics("cluster.edge_rest.outlier_detection.ejections_active") == {
        "cluster.edge_rest.outlier_detection.ejections_active": 0
    }


async def test_with_no_edge_up_clients_get_an_error_of_their_own_kind(
    running: Mesh, browser: aiohttp.ClientSession
) -> None:
    everyone = running.topology.instances
    running.announce(tuple(one for one in everyone if one.service != "edge"))
    await running.settled()
    try:
        for method, path in (("GET", "/api/v4/users/me"), ("POST", "/api/v4/posts"), ("GET", "/api/v4/websocket")):
            async with browser.request(method, f"{running.front}{path}") as answer:
                assert answer.status == 503
                assert answer.headers["Retry-After"] == "1"
                assert answer.headers["Content-Type"] == "application/json"
                body = await answer.json()
            assert body.pop("message")
            assert body.pop("request_id")
            assert body == {"id": "api.context.server_busy.app_error", "detailed_error": "", "status_code": 503}
    finally:
        running.announce(everyone)
        await running.settled()


async def test_a_body_without_end_is_cut_off_but_not_a_files(running: Mesh, browser: aiohttp.ClientSession) -> None:
    async def body(size: int) -> AsyncIterator[bytes]:
        for _ in range(size >> 20):
            yield bytes(1 << 20)

    async with browser.post(f"{running.front}/api/v4/files", data=body(130 << 20)) as answer:
        assert (await answer.json())["size"] == 130 << 20
    async with browser.post(f"{running.front}/api/v4/posts", headers={"Content-Length": str(200 << 20)}) as answer:
        assert answer.status == 413
        assert (await answer.json())["id"] == "api.context.request_body_too_large.app_error"


async def test_a_reader_that_stopped_is_noticed_by_its_edge(running: Mesh) -> None:
    async with aiohttp.ClientSession(read_bufsize=1024) as stopped:
        socket = await stopped.ws_connect(
            f"{running.front}/api/v4/websocket", timeout=aiohttp.ClientWSTimeout(ws_close=0.1)
        )
        edge = running.edges[await socket.receive_str()]
        assert socket._conn is not None
        await socket.send_str("flood")
        socket._reader._protocol.pause_reading()
        seen = [-1]

        async def stuck() -> bool:
            seen.append(edge.flooded)
            return len(seen) > 20 and len(set(seen[-20:])) == 1 and edge.flooded > 0

        await eventually(stuck, "the edge cannot write on")
        # 0.5 MB here; 4.7 MB with default buffers in Envoy and below it.
        assert edge.flooded < 1 << 20
        await socket.close()


async def test_the_access_log_names_failures_and_no_tokens(running: Mesh, browser: aiohttp.ClientSession) -> None:
    for edge in running.edges.values():
        edge.status = 500
    try:
        async with browser.post(f"{running.front}/api/v4/failing?access_token=secret") as answer:
            assert answer.status == 500
    finally:
        for edge in running.edges.values():
            edge.status = 200

    async def logged() -> bool:
        return any(entry.get("path") == "/api/v4/failing" for entry in running.log)

    await eventually(logged, "the failure is in the access log")
    assert "secret" not in json.dumps(running.log)


async def test_envoy_took_every_file_that_was_rendered(running: Mesh) -> None:
    rejected = await running.statistics("(update_rejected|update_failure)")
    assert len(rejected) > 20
    assert not any(rejected.values()), rejected
