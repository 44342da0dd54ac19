"""Unchanged clients of Mattermost, one in Python and one in JavaScript, talk with one another across the mesh."""

import asyncio
import json
import subprocess
from typing import Any

import aiohttp
import pytest

from tests.compat import clients
from tests.compat.clients import Program
from tests.conftest import ADMIN
from tests.e2e.client import Place, sign_in
from tests.e2e.world import PASSWORD, World

SECONDS = 90


async def _room(edges: tuple[Place, Place], front: Place) -> tuple[list[str], str]:
    """Two people's names, and the channel that they share."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        world = World(http, edges, front, await sign_in(http, edges[0], ADMIN["username"], ADMIN["password"]))
        people = await world.people("ana", "ben")
        channel = await world.room(*people, kind="P")
        return [person.username for person in people], channel["id"]


def _tell(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()


def _converse(programs: list[Program], places: list[Place], names: list[str], channel_id: str) -> list[list[str]]:
    """Let the two talk; return each one's history, newest first."""
    processes = [program.start() for program in programs]
    try:
        for number, (process, place) in enumerate(zip(processes, places, strict=True)):
            plan: dict[str, Any] = {
                "me": programs[number].name.strip("@").replace("/", "-"),
                "peer": programs[1 - number].name.strip("@").replace("/", "-"),
                "host": place.host,
                "rest_port": place.rest_port,
                "websocket_port": place.websocket_port,
                "username": names[number],
                "password": PASSWORD,
                "channel_id": channel_id,
            }
            _tell(process, json.dumps(plan))
        for process in processes:
            assert process.stdout is not None
            if process.stdout.readline() != "ready\n":
                pytest.fail(process.communicate(timeout=SECONDS)[1][-3000:], pytrace=False)
        for process in processes:
            _tell(process, "go")
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


@pytest.mark.parametrize("way", ["each at its own edge", "both through Envoy"])
def test_two_unchanged_clients_hold_a_conversation(edges: tuple[Place, Place], front: Place, way: str) -> None:
    programs = [clients.mattermostdriver(), clients.mattermost_client()]
    names, channel_id = asyncio.run(_room(edges, front))
    places = list(edges) if way == "each at its own edge" else [front, front]
    python, node = _converse(programs, places, names, channel_id)
    assert python == node
    steps = ("edited by {}", "reply from {}", "fetched by {}", "done, {}")
    assert set(python) == {step.format(me) for step in steps for me in ("mattermostdriver", "mattermost-client")}
