"""Sends sample data to a server, many requests at once: the edges make batches of whatever is under way together."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from itertools import groupby
from typing import Any

import aiohttp

from deploy.cli.sample_plan import Plan, PlannedPost
from deploy.local.trouble import Trouble

PASSWORD = "Sample-data-1"  # noqa: S105 - printed for whoever looks at the data
IN_FLIGHT = 96
"""Requests under way at once: about what keeps the batches of two edges full."""
_ATTEMPTS = 20
_AGAIN = 0.1  # seconds, times the number of the attempt

Advance = Callable[[], None]
Chapter = tuple[str, int, Callable[[Advance], Awaitable[None]]]


class Seeder:
    """Makes what a plan says; each chapter needs the ones before."""

    def __init__(self, http: aiohttp.ClientSession, url: str, plan: Plan) -> None:
        self._http = http
        self._url = f"{url}/api/v4"
        self._plan = plan
        self._gate = asyncio.Semaphore(IN_FLIGHT)
        self._admin = ""
        self._ids = [""] * len(plan.people)
        self._tokens = [""] * len(plan.people)
        self._teams = [""] * len(plan.teams)
        self._channels = [""] * len(plan.channels)

    def chapters(self, admin: tuple[str, str] | None) -> Iterator[Chapter]:
        """What is to be done, in order: name, how many steps, and how."""
        plan = self._plan
        yield "people", len(plan.people), lambda advance: self._make_people(admin, advance)
        yield "teams", len(plan.teams), self._make_teams
        yield "channels", len(plan.channels), self._make_channels
        yield "posts", len(plan.posts), self._make_posts

    async def _make_people(self, admin: tuple[str, str] | None, advance: Advance) -> None:
        if admin is not None:
            _, self._admin = await self._sign_in(*admin)
        for number in range(len(self._plan.people)):
            await self._make_person(number)  # the first one of an empty server becomes its administrator
            if not self._admin:
                self._admin = self._tokens[0]
            advance()

    async def _make_person(self, number: int) -> None:
        name = self._plan.people[number]
        account = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
        self._ids[number] = (await self._ask("POST", "/users", self._admin, account))["id"]
        _, self._tokens[number] = await self._sign_in(name, PASSWORD)

    async def _sign_in(self, name: str, password: str) -> tuple[dict[str, Any], str]:
        login = {"login_id": name, "password": password}
        async with self._http.post(f"{self._url}/users/login", json=login) as answer:
            user = await answer.json()
            if answer.status != 200:
                raise Trouble(f"{name} cannot sign in: {user.get('message', user)}")
            return user, answer.headers["Token"]

    async def _make_teams(self, advance: Advance) -> None:
        for number, name in enumerate(self._plan.teams):
            value = {"name": name, "display_name": f"Sample team {number + 1}", "type": "O"}
            team = (await self._ask("POST", "/teams", self._tokens[0], value))["id"]
            self._teams[number] = team
            members = [{"team_id": team, "user_id": person} for person in self._ids[1:]]
            await self._all(self._ask("POST", f"/teams/{team}/members", self._admin, member) for member in members)
            advance()

    async def _make_channels(self, advance: Advance) -> None:
        await self._all(self._make_channel(number, advance) for number in range(len(self._plan.channels)))

    async def _make_channel(self, number: int, advance: Advance) -> None:
        planned = self._plan.channels[number]
        value = {
            "team_id": self._teams[planned.team],
            "name": planned.name,
            "display_name": planned.display_name,
            "type": planned.kind,
        }
        creator = self._tokens[planned.members[0]]
        channel = (await self._ask("POST", "/channels", creator, value))["id"]
        self._channels[number] = channel
        for person in planned.members[1:]:
            await self._ask("POST", f"/channels/{channel}/members", creator, {"user_id": self._ids[person]})
        advance()

    async def _make_posts(self, advance: Advance) -> None:
        by_channel = sorted(self._plan.posts, key=lambda post: (post.channel, post.number))
        await self._all(
            self._talk(list(posts), advance) for _, posts in groupby(by_channel, key=lambda post: post.channel)
        )

    async def _talk(self, posts: list[PlannedPost], advance: Advance) -> None:
        """One channel's posts, each after the one before, so that the order is the plan's; channels go side by side."""
        made: dict[int, str] = {}
        for post in posts:
            author = self._ids[post.author]
            value = {
                "channel_id": self._channels[post.channel],
                "message": post.message,
                "root_id": made[post.root] if post.root is not None else "",
                "pending_post_id": f"{author}:{self._plan.seed}-{post.number}",
            }
            made[post.number] = (await self._ask("POST", "/posts", self._tokens[post.author], value))["id"]
            for fan, emoji in post.reactions:
                reaction = {"user_id": self._ids[fan], "post_id": made[post.number], "emoji_name": emoji}
                await self._ask("POST", "/reactions", self._tokens[fan], reaction)
            advance()

    @staticmethod
    async def _all(tasks: Iterable[Coroutine[Any, Any, Any]]) -> None:
        """Do all side by side; the first failure ends the others and is raised."""
        try:
            async with asyncio.TaskGroup() as group:
                for task in tasks:
                    group.create_task(task)
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def _ask(self, method: str, path: str, token: str, value: Any) -> Any:
        """Send a request, again while the server is too busy for it; each is harmless when it arrives twice."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        body: Any = {}
        for attempt in range(1, _ATTEMPTS + 1):
            async with (
                self._gate,
                self._http.request(method, f"{self._url}{path}", json=value, headers=headers) as answer,
            ):
                body = await answer.json()
                if answer.status < 400:
                    return body
                if answer.status not in (429, 503):
                    break
            await asyncio.sleep(_AGAIN * attempt)
        raise Trouble(self._advice(path, body))

    def _advice(self, path: str, body: dict[str, Any]) -> str:
        said = f"{path}: {body.get('message', body)}"
        if path == "/users" and "exists" in body.get("id", ""):
            return f"the sample data of seed {self._plan.seed} is there already: give another --seed ({said})"
        if path == "/users" and not self._admin:
            return f"this server has accounts already: name its administrator with --admin NAME:PASSWORD ({said})"
        return said
