"""The people of the demo: small clients that speak Mattermost's API and come back when their node is gone."""

import asyncio
import json
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Any

import aiohttp

from deploy.local.trouble import Trouble

PASSWORD = "Correct-horse-9"  # noqa: S105 - of a mesh that lives for half a minute
_SECONDS = 15.0
_AGAIN = 0.05  # seconds until the next attempt


@dataclass(frozen=True, slots=True)
class Place:
    """Where a client connects to."""

    name: str
    rest: str
    """http://HOST:PORT"""
    websocket: str
    """ws://HOST:PORT"""


class Unanswered(Trouble):
    """Nobody took the request, or nobody could say what came of it: send the same again, under the same id."""


class Guest:
    """Somebody with an account, at one place at a time."""

    def __init__(self, http: aiohttp.ClientSession, name: str, place: Place) -> None:
        self.name = name
        self.place = place
        self.id = ""
        self._http = http
        self._token = ""
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._numbers = count(1)
        self._reader: asyncio.Task[float] | None = None
        self._heard: dict[tuple[str, str], float] = {}
        self._news = asyncio.Condition()

    async def sign_up(self, admin: "Guest | None" = None) -> None:
        """Make the account: the first one by oneself, the others by an admin."""
        account = {"username": self.name, "email": f"{self.name}@example.com", "password": PASSWORD}
        self.id = (await (admin or self).ask("POST", "/users", account))["id"]

    async def sign_in(self) -> None:
        """Start a session and open a socket."""
        login = {"login_id": self.name, "password": PASSWORD}
        async with self._http.post(f"{self.place.rest}/api/v4/users/login", json=login) as answer:
            await self._read(answer, "POST", "/users/login")
            self._token = answer.headers["Token"]
        await self.connect()

    async def connect(self) -> None:
        """Open a socket at the place, and keep trying until there is one. Raises Trouble after a while."""
        deadline = time.monotonic() + _SECONDS
        while True:
            try:
                self._socket = await self._open()
            except (aiohttp.ClientError, TimeoutError) as error:
                if time.monotonic() > deadline:
                    raise Trouble(f"{self.name} finds no way in through {self.place.name}: {error}") from None
                await asyncio.sleep(_AGAIN)
            else:
                self._reader = asyncio.create_task(self._listen(self._socket))
                return

    async def leave(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            await self._socket.close()
        if self._reader is not None:
            await self._reader

    async def ask(self, method: str, path: str, value: Any = None) -> Any:
        """Send a request; its answer. Raises Trouble when it is refused, Unanswered when there was none."""
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        url = f"{self.place.rest}/api/v4{path}"
        try:
            async with self._http.request(method, url, json=value, headers=headers) as answer:
                return await self._read(answer, method, path)
        except aiohttp.ClientError as error:
            raise Unanswered(f"{method} {path} at {self.place.name}: {error}") from None

    async def insist(self, elsewhere: Place, method: str, path: str, value: Any) -> tuple[Any, int]:
        """Send a request where one is, and then elsewhere until it is answered; the answer, and how often it was sent.

        Only what is harmless when it arrives twice: a read, or a value that carries an id.
        """
        deadline = time.monotonic() + _SECONDS
        attempt = 0
        while True:
            attempt += 1
            try:
                return await self.ask(method, path, value), attempt
            except Unanswered:
                if time.monotonic() > deadline:
                    raise
                self.place = elsewhere
                await asyncio.sleep(_AGAIN * (attempt > 1))

    async def typing(self, channel_id: str) -> None:
        """Say that something is being typed."""
        if self._socket is None:
            raise Trouble(f"{self.name} has no socket to type on")
        about = {"channel_id": channel_id, "parent_id": ""}
        await self._socket.send_json({"action": "user_typing", "seq": next(self._numbers), "data": about})

    async def hears(self, event: str, what: str) -> float:
        """Wait for an event about something (a post's id, somebody's id); when it came, of time.monotonic()."""
        key = (event, what)
        async with self._news:
            try:
                async with asyncio.timeout(_SECONDS):
                    await self._news.wait_for(lambda: key in self._heard)
            except TimeoutError:
                raise Trouble(f"{self.name} at {self.place.name} never heard of {event} {what}") from None
        return self._heard[key]

    async def breaks(self) -> float:
        """Wait until the socket breaks; when it did."""
        if self._reader is None:
            raise Trouble(f"{self.name} has no socket that could break")
        async with asyncio.timeout(_SECONDS):
            return await self._reader

    async def history(self, channel_id: str) -> list[dict[str, Any]]:
        """What people said in the channel, oldest first."""
        page, _ = await self.insist(self.place, "GET", f"/channels/{channel_id}/posts?per_page=200", None)
        posts = [page["posts"][post_id] for post_id in reversed(page["order"])]
        return [post for post in posts if not post["type"]]

    async def _open(self) -> aiohttp.ClientWebSocketResponse:
        headers = {"Authorization": f"Bearer {self._token}"}
        socket = await self._http.ws_connect(f"{self.place.websocket}/api/v4/websocket", headers=headers)
        first = await socket.receive(timeout=_SECONDS)
        if first.type is not aiohttp.WSMsgType.TEXT or json.loads(first.data).get("event") != "hello":
            raise aiohttp.ClientConnectionError(f"the socket began with {first.data!r} and not with hello")
        return socket

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> float:
        """Note what comes; when there was no more."""
        with suppress(aiohttp.ClientError):
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    await self._note(json.loads(message.data), time.monotonic())
        return time.monotonic()

    async def _note(self, frame: dict[str, Any], at: float) -> None:
        event, data = frame.get("event", ""), frame.get("data", {})
        if event == "posted":
            about = json.loads(data["post"])["id"]
        elif event == "reaction_added":
            about = json.loads(data["reaction"])["post_id"]
        else:
            about = data.get("user_id", "")
        async with self._news:
            self._heard[event, about] = at
            self._news.notify_all()

    @staticmethod
    async def _read(answer: aiohttp.ClientResponse, method: str, path: str) -> Any:
        value = await answer.json()
        if answer.status >= 400:
            kind = Unanswered if answer.status == 503 else Trouble
            raise kind(f"{method} {path} answered {answer.status}: {value.get('message', value)}")
        return value
