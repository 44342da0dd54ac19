"""Unchanged clients of Mattermost, in Python, JavaScript and Go, talk with one another across the mesh."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from tests.compat import clients
from tests.compat.clients import Program
from tests.conftest import ADMIN
from tests.e2e.client import Person, Place, sign_in
from tests.e2e.world import PASSWORD, World, unique

SECONDS = 90


async def _room(edges: tuple[Place, Place], front: Place) -> tuple[list[Person], str]:
    """Two people, and the channel that they share."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        world = World(http, edges, front, await sign_in(http, edges[0], ADMIN["username"], ADMIN["password"]))
        people = await world.people("ana", "ben")
        channel = await world.room(*people, kind="P")
        return people, channel["id"]


def _word(program: Program) -> str:
    return program.name.strip("@").replace("/", "-")


def tell(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()


def _converse(programs: list[Program], places: list[Place], people: list[Person], channel_id: str) -> list[list[str]]:
    """Let the two talk; return each one's history, newest first."""
    processes = [program.start() for program in programs]
    try:
        for number, (process, place) in enumerate(zip(processes, places, strict=True)):
            plan: dict[str, Any] = {
                "me": _word(programs[number]),
                "peer": _word(programs[1 - number]),
                "host": place.host,
                "rest_port": place.rest_port,
                "websocket_port": place.websocket_port,
                "username": people[number].username,
                "password": PASSWORD,
                "channel_id": channel_id,
                "peer_id": people[1 - number].id,
                "peer_name": people[1 - number].username,
                "word": unique("errand"),
            }
            tell(process, json.dumps(plan))
        for process in processes:
            assert process.stdout is not None
            if process.stdout.readline() != "ready\n":
                pytest.fail(process.communicate(timeout=SECONDS)[1][-3000:], pytrace=False)
        for process in processes:
            tell(process, "go")
        outputs = [process.communicate(timeout=SECONDS) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    faults = [
        f"{program.name} failed:\n{errors[-3000:]}"
        for program, process, (_, errors) in zip(programs, processes, outputs, strict=True)
        if process.returncode != 0
    ]
    assert not faults, "\n".join(faults)
    return [json.loads(output.splitlines()[-1]) for output, _ in outputs]


PAIRS: dict[str, tuple[Callable[[], Program], Callable[[], Program], bool]] = {
    "mattermostdriver and @mattermost/client at two edges": (clients.mattermostdriver, clients.mattermost_client, True),
    "mattermostautodriver and Go at two edges": (clients.mattermostautodriver, clients.go_client, True),
    "Go and @mattermost/client through Envoy": (clients.go_client, clients.mattermost_client, False),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_two_unchanged_clients_do_errands_and_hold_a_conversation(
    edges: tuple[Place, Place], front: Place, pair: str
) -> None:
    *makers, apart = PAIRS[pair]
    programs = [make() for make in makers]
    people, channel_id = asyncio.run(_room(edges, front))
    one, other = _converse(programs, list(edges) if apart else [front, front], people, channel_id)
    assert one == other
    steps = ("edited by {}", "reply from {}", "fetched by {}", "done, {}")
    assert set(one) == {step.format(_word(program)) for step in steps for program in programs}
