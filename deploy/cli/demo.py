"""`chorus demo`: people on two edges talk, one edge is killed, and both sides read the same history."""

import argparse
import asyncio
import os
import signal
import tempfile
import time
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploy.cli.guests import Guest, Place
from deploy.cli.steps import steps
from deploy.local import health
from deploy.local.mesh import Mesh
from deploy.local.ports import free_block
from deploy.local.topology import Instance
from deploy.local.trouble import Trouble

_SCALE = {"auth": 1, "messaging": 2, "presence": 1, "files": 1, "edge": 2}
_CAST = (("ada", 0, "cyan"), ("grace", 0, "blue"), ("alan", 1, "magenta"), ("barbara", 1, "yellow"))
_COLOURS = {name: colour for name, _, colour in _CAST}
_KILLED = "edge-1"
PACE = 0.8
"""Seconds between two lines, for whoever reads along."""


def show(arguments: argparse.Namespace) -> int:
    """Play it on a mesh that lives for as long; 0 when both edges tell the same history, else 1."""
    with tempfile.TemporaryDirectory(prefix="chorus-demo-") as folder:
        mesh = Mesh(Path(folder) / "data", free_block(), scale=_SCALE)
        try:
            print("A mesh of its own, beside yours if you have one, gone at the end:\n")
            with steps() as progress:
                mesh.up(progress)
            return asyncio.run(_play(mesh, arguments.pace))
        finally:
            mesh.erase()  # before another word, which nobody may be there to read any more


async def _play(mesh: Mesh, pace: float) -> int:
    # No cookies of its own: one session here speaks for several people, and a cookie would win over a token.
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        play = Play(mesh, http, Console(highlight=False, soft_wrap=True), pace)
        try:
            await play.gather()
            await play.talk()
            await play.lose_an_edge()
            return 0 if await play.compare() else 1
        finally:
            await play.leave()


class Play:
    """The story, act by act."""

    def __init__(self, mesh: Mesh, http: aiohttp.ClientSession, console: Console, pace: float) -> None:
        self._mesh = mesh
        self._pace = pace
        self._console = console
        edges = mesh.topology.of("edge")
        self._edges: dict[str, Instance] = {edge.name: edge for edge in edges}
        self._places = [
            Place(edge.name, f"http://{edge.host}:{edge.port}", f"ws://{edge.host}:{edge.websocket_port}")
            for edge in edges
        ]
        self._front = Place("Envoy", mesh.front_url, mesh.front_url.replace("http", "ws", 1))
        self._guests = {name: Guest(http, name, self._places[edge]) for name, edge, _ in _CAST}
        self._here = list(self._guests.values())
        """Who has a socket, and so will hear what is said."""
        self._channel = ""
        self._said: list[str] = []
        """Ids of acknowledged posts."""

    async def gather(self) -> None:
        """Everybody signs in, each through their own edge."""
        ada, *others = self._guests.values()
        await ada.sign_up()
        await ada.sign_in()
        team = await ada.ask("POST", "/teams", {"name": "harbour", "display_name": "Harbour", "type": "O"})
        about = {"team_id": team["id"], "name": "quay", "display_name": "Quay", "type": "O"}
        self._channel = (await ada.ask("POST", "/channels", about))["id"]
        for guest in others:
            await guest.sign_up(admin=ada)
            await ada.ask("POST", f"/teams/{team['id']}/members", {"team_id": team["id"], "user_id": guest.id})
            await ada.ask("POST", f"/channels/{self._channel}/members", {"user_id": guest.id})
            await guest.sign_in()
        self._title("Four people, one channel, two edges: how long each event took to reach the sockets there")

    async def talk(self) -> None:
        """An ordinary conversation."""
        await self._says("ada", "Good morning from the first node.")
        await self._types("alan")
        hello = await self._says("alan", "Morning, Ada. Other node, same room.")
        await self._reacts("grace", hello, "wave")
        await self._says("barbara", "A reply, in the thread.", root=hello)
        await self._types("grace")
        await self._says("grace", "Then let us see what happens when a node dies.")

    async def lose_an_edge(self) -> None:
        """kill -9 while people are talking; the people of the dead edge come back through Envoy."""
        pid = await asyncio.to_thread(self._mesh.pid, _KILLED)
        stranded = [guest for guest in self._guests.values() if guest.place.name == _KILLED]
        self._title(f"kill -9 {pid}: {_KILLED} dies in the middle of a sentence")
        began = time.monotonic()
        self._here = [guest for guest in self._guests.values() if guest not in stranded]
        os.kill(pid, signal.SIGKILL)
        returns = [asyncio.create_task(self._return(guest)) for guest in stranded]
        # Nobody waits for anybody: ada sends to the edge that is gone, alan talks on at the one that lives.
        await asyncio.gather(self._says_again("ada", "I was just about to say …"), self._says("alan", "What was that?"))
        for guest, (lost, back) in zip(stranded, await asyncio.gather(*returns), strict=True):
            missing = set(self._said) - {post["id"] for post in await guest.history(self._channel)}
            caught_up = f"missing {len(missing)} messages" if missing else "with nothing missing"
            told = f"lost the socket {_ms(lost - began)} after the kill, was back at {_ms(back - began)}, {caught_up}"
            await self._line(guest, Text(told, "italic"), "")
        self._here = list(self._guests.values())
        held = await asyncio.to_thread(health.sockets, self._edges[self._places[1].name])
        self._note(f"{self._places[1].name} now holds {held} sockets, theirs among them")
        await self._says("grace", "All here again, and even the half sentence is.")
        await self._reacts("barbara", self._said[-1], "tada")

    async def compare(self) -> bool:
        """Read the history from both edges, and say whether it is the same."""
        began = time.monotonic()
        while await asyncio.to_thread(health.instance, self._edges[_KILLED]):
            if time.monotonic() - began > 30:
                raise Trouble(f"{_KILLED} did not come back: see {self._mesh.log(_KILLED)}.")
            await asyncio.sleep(0.1)
        pid = await asyncio.to_thread(self._mesh.pid, _KILLED)
        self._title(f"The supervisor has started {_KILLED} again (pid {pid}). What do both edges tell?")
        reader = self._guests["ada"]
        told = []
        for place in self._places:
            reader.place = place
            told.append(await reader.history(self._channel))
        names = [place.name for place in self._places]
        self._console.print(_side_by_side(names, told, self._guests, self._console.width))
        return self._verdict(told)

    async def leave(self) -> None:
        """Everybody goes."""
        for guest in self._guests.values():
            await guest.leave()

    async def _says(self, name: str, text: str, root: str = "") -> str:
        """Somebody posts, and it arrives at everybody who is there; the post's id."""
        guest = self._guests[name]
        body = {"channel_id": self._channel, "message": text, "root_id": root}
        sent = time.monotonic()
        post = await guest.ask("POST", "/posts", body)
        return await self._arrives(guest, post["id"], f"↳ {text}" if root else text, sent)

    async def _says_again(self, name: str, text: str) -> None:
        """Somebody posts to an edge that is gone, and sends the same post again, as clients do, through Envoy."""
        guest = self._guests[name]
        body = {"channel_id": self._channel, "message": text, "pending_post_id": f"{guest.id}:{time.time_ns()}"}
        sent = time.monotonic()
        post, times = await guest.insist(self._front, "POST", "/posts", body)
        await self._arrives(guest, post["id"], f"{text} (sent {times} times, under one id)", sent)

    async def _arrives(self, guest: Guest, post_id: str, text: str, sent: float) -> str:
        self._said.append(post_id)
        await self._line(guest, Text(text), await self._delays("posted", post_id, sent, self._here))
        return post_id

    async def _types(self, name: str) -> None:
        guest = self._guests[name]
        sent = time.monotonic()
        await guest.typing(self._channel)
        others = [other for other in self._here if other is not guest]
        await self._line(guest, Text("is typing …", "dim italic"), await self._delays("typing", guest.id, sent, others))

    async def _reacts(self, name: str, post_id: str, emoji: str) -> None:
        guest = self._guests[name]
        sent = time.monotonic()
        await guest.ask("POST", "/reactions", {"user_id": guest.id, "post_id": post_id, "emoji_name": emoji})
        delays = await self._delays("reaction_added", post_id, sent, self._here)
        await self._line(guest, Text(f"reacts with :{emoji}:", "dim"), delays)

    async def _delays(self, event: str, what: str, sent: float, guests: Sequence[Guest]) -> str:
        """How long the event took to each node: the slowest socket counts."""
        slowest: dict[str, float] = {}
        hearing: list[Awaitable[float]] = [guest.hears(event, what) for guest in guests]
        for guest, at in zip(guests, await asyncio.gather(*hearing), strict=True):
            slowest[guest.place.name] = max(slowest.get(guest.place.name, 0.0), at - sent)
        return "  ".join(f"{place} {_ms(seconds)}" for place, seconds in sorted(slowest.items()))

    async def _return(self, guest: Guest) -> tuple[float, float]:
        """Wait for the socket to break and open another one through Envoy; when each was."""
        lost = await guest.breaks()
        guest.place = self._front
        await guest.connect()
        return lost, time.monotonic()

    def _verdict(self, told: Sequence[Sequence[dict[str, Any]]]) -> bool:
        ids = [[post["id"] for post in history] for history in told]
        # By value: an edit or a reaction that one side does not know is a difference too.
        same = all(history == told[0] for history in told)
        whole = sorted(ids[0]) == sorted(self._said)
        if same and whole:
            found = f"The same history on both edges: {len(ids[0])} messages, one order, each acknowledged one once."
            self._console.print(f"\n[bold green]✓[/] {found}")
        else:
            self._console.print(f"\n[bold red]✗[/] The histories differ: {ids}, acknowledged: {self._said}")
        return same and whole

    async def _line(self, guest: Guest, text: Text, delays: str) -> None:
        line = Text.assemble((f"  {guest.place.name:<8}", "dim"), (f"{guest.name:<9}", _COLOURS[guest.name]), text)
        line.pad_right(max(1, 72 - line.cell_len))
        self._console.print(Text.assemble(line, (delays, "green")))
        await asyncio.sleep(self._pace)

    def _title(self, text: str) -> None:
        self._console.print(Text(f"\n{text}\n", "bold"))

    def _note(self, text: str) -> None:
        self._console.print(Text(f"  {text}", "dim"))


def _side_by_side(
    names: Sequence[str], told: Sequence[Sequence[dict[str, Any]]], guests: dict[str, Guest], width: int
) -> Table:
    people = {guest.id: name for name, guest in guests.items()}
    table = Table(box=None, pad_edge=False, padding=(0, 2), header_style="dim")
    table.add_column("", no_wrap=True)
    for name in names:
        table.add_column(name, overflow="ellipsis", no_wrap=True, max_width=(width - 8) // len(names) - 2)
    for number in range(max(map(len, told))):
        cells = []
        for history in told:
            post = history[number] if number < len(history) else None
            name = people.get(post["user_id"], "?") if post else ""
            said = Text.assemble((f"{name}: ", _COLOURS.get(name, "")), post["message"]) if post else Text("—", "red")
            cells.append(said)
        table.add_row(f"  {number + 1:>2}", *cells)
    return table


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.0f} ms"
