"""`chorus sample-data` fills a mesh, says what it did, and says what to do when it cannot."""

import subprocess
import sys

from deploy.local.paths import REPOSITORY
from tests.conftest import ADMIN
from tests.e2e.client import sign_in
from tests.e2e.world import World


def _run(world: World, *arguments: str) -> subprocess.CompletedProcess[str]:
    url = f"http://{world.front.host}:{world.front.rest_port}"
    command = [sys.executable, "-m", "deploy.cli", "sample-data", "--url", url, *arguments]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=180)


async def test_everything_that_was_planned_is_there_in_its_order(world: World) -> None:
    admin = f"{ADMIN['username']}:{ADMIN['password']}"
    sizes = ("--seed", "7", "--users", "4", "--teams", "2", "--channels", "6", "--posts", "120")
    made = _run(world, "--admin", admin, *sizes)
    assert made.returncode == 0, made.stdout + made.stderr
    assert "120 posts in" in made.stdout

    ada = await sign_in(world.http, world.front, "ada.7.1", "Sample-data-1")
    teams = {team["id"] for team in await ada.get("/users/me/teams")}
    assert len(teams) == 2
    channels = [channel for channel in await ada.get("/users/me/channels") if "-7-" in channel["name"]]
    assert len(channels) == 6
    assert sum(channel["total_msg_count"] for channel in channels) == 120

    again = _run(world, "--admin", admin, *sizes)
    assert again.returncode == 1
    assert "give another --seed" in again.stderr
    unknown = _run(world, "--seed", "8")
    assert unknown.returncode == 1
    assert "--admin NAME:PASSWORD" in unknown.stderr
