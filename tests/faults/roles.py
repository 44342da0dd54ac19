"""What the people of a workload write and read, each until the workload stops."""

import random
from collections.abc import Iterator, Sequence
from typing import Any, Final

from tests.e2e.client import Place
from tests.faults.caller import Caller, Request
from tests.faults.cast import Known, Player, Room
from tests.faults.history import Args, Done, Reacted, Shown, Value
from tests.faults.shift import Shift

EMOJI: Final = ("smile", "heart", "+1")
_MOST_CHANGED: Final = 1000


def _post(answer: Any) -> Value:
    return Value(id=answer["id"], at=answer["create_at"])


def _edit(answer: Any) -> Value:
    return Value(id=answer["id"], at=answer["update_at"], edit_at=answer["edit_at"])


def _reaction(answer: Any) -> Value:
    return Value(at=answer["create_at"])


def page_value(answer: Any) -> Value:
    """What to keep of a list of posts. Earlier versions, which `since=` shows too, are left out."""
    posts = [answer["posts"][post_id] for post_id in answer["order"]]
    live = [post for post in posts if not post["original_id"]]
    return Value(
        id="full" if len(posts) >= _MOST_CHANGED else "",
        posts=tuple(Shown(post["id"], post["create_at"], post["update_at"]) for post in live),
        reactions=tuple(one for post in live for one in reactions_of(post)),
    )


def reactions_of(post: Any) -> list[Reacted]:
    """The reactions that a post shows."""
    return [
        Reacted(one["post_id"], one["user_id"], one["emoji_name"], one["create_at"])
        for one in post["metadata"].get("reactions", ())
    ]


class Writer:
    """Posts, replies, edits, deletes and reacts in some channels."""

    def __init__(
        self, player: Player, rooms: Sequence[Room], chance: random.Random, tokens: Iterator[int], pause: float
    ) -> None:
        """`tokens` are the numbers of the workload's texts; `pause` is seconds between two writes, on average."""
        self._tokens = tokens
        self._player, self._rooms, self._chance, self._pause = player, rooms, chance, pause
        self._caller = player.caller
        self._mine: list[tuple[Room, Known]] = []
        self._reactions: list[tuple[Room, str, str]] = []

    async def live(self, shift: Shift) -> None:
        """Write until the end."""
        while shift.is_on():
            await self._one()
            await shift.pause(self._chance.uniform(0, 2 * self._pause))  # people type

    async def _one(self) -> None:
        room = self._chance.choice(self._rooms)
        roll = self._chance.random()
        if roll < 0.60 or not room.recent or not self._mine:
            await self.post(room)
        elif roll < 0.74:
            known = self._chance.choice(room.recent)
            await self.post(room, known.root or known.id)
        elif roll < 0.84:
            await self._edit(*self._chance.choice(self._mine))
        elif roll < 0.88:
            mine = self._chance.choice(self._mine)
            self._mine.remove(mine)
            await self._delete(*mine)
        elif roll < 0.96 or not self._reactions:
            await self._react(room, self._chance.choice(room.recent))
        else:
            await self._unreact(*self._reactions.pop(self._chance.randrange(len(self._reactions))))

    async def post(self, room: Room, root: str = "") -> Done:
        """Post, with one pending id however often it takes."""
        token = self._token()
        body = {
            "channel_id": room.id,
            "message": f"{token} said by {self._player.name}",
            "root_id": root,
            "pending_post_id": f"{self._player.id}:{token}",
        }
        args = Args(channel=room.id, root=root, token=token, pending=f"{self._player.id}:{token}")
        done = await self._caller.write("post", args, Request("POST", "/posts", body), _post)
        if done.outcome == "ok":
            known = Known(done.value.id, self._player.id, done.value.at, root)
            room.recent.append(known)
            self._mine = [*self._mine[-20:], (room, known)]
        return done

    async def _edit(self, room: Room, known: Known) -> None:
        token = self._token()
        await self._caller.write(
            "edit",
            Args(channel=room.id, post=known.id, token=token),
            Request("PUT", f"/posts/{known.id}/patch", {"message": f"{token} edited by {self._player.name}"}),
            _edit,
        )

    async def _delete(self, room: Room, known: Known) -> None:
        await self._caller.write(
            "delete", Args(channel=room.id, post=known.id), Request("DELETE", f"/posts/{known.id}")
        )

    async def _react(self, room: Room, known: Known) -> None:
        emoji = self._chance.choice(EMOJI)
        body = {"user_id": self._player.id, "post_id": known.id, "emoji_name": emoji}
        args = Args(channel=room.id, post=known.id, emoji=emoji)
        done = await self._caller.write("react", args, Request("POST", "/reactions", body), _reaction)
        if done.outcome == "ok" and (room, known.id, emoji) not in self._reactions:
            self._reactions.append((room, known.id, emoji))

    async def _unreact(self, room: Room, post: str, emoji: str) -> None:
        await self._caller.write(
            "unreact",
            Args(channel=room.id, post=post, emoji=emoji),
            Request("DELETE", f"/users/{self._player.id}/posts/{post}/reactions/{emoji}"),
        )

    def _token(self) -> str:
        return f"w{next(self._tokens)}"


class Reader:
    """Reads pages, changes and threads."""

    def __init__(self, player: Player, rooms: Sequence[Room], chance: random.Random, pause: float) -> None:
        """`pause` is how many seconds pass between two reads, on average."""
        self._caller, self._rooms, self._chance, self._pause = player.caller, rooms, chance, pause

    async def live(self, shift: Shift) -> None:
        """Read until the end."""
        while shift.is_on():
            await self.one(self._chance.choice(self._rooms))
            await shift.pause(self._chance.uniform(0, 2 * self._pause))  # people read

    async def one(self, room: Room) -> None:
        """Read something of the channel."""
        known = self._chance.choice(room.recent) if room.recent else None
        roll = self._chance.random()
        if roll < 0.5 or known is None:
            await page(self._caller, room, "newest", 30)
        elif roll < 0.6:
            await page(self._caller, room, "before", 20, known)
        elif roll < 0.7:
            await page(self._caller, room, "after", 20, known)
        elif roll < 0.85:
            await page(self._caller, room, "since", 0, known)
        else:
            root = known.root or known.id
            request = Request("GET", f"/posts/{root}/thread")
            await self._caller.read("thread", Args(channel=room.id, root=root), request, page_value)


async def page(
    caller: Caller, room: Room, kind: str, limit: int, known: Known | None = None, place: Place | None = None
) -> Done:
    """Read a page that begins at the post, or shows what changed since then; somewhere, or at a place."""
    query = {
        "newest": f"page=0&per_page={limit}",
        "since": f"since={known.at if known else 0}",
        "before": f"before={known.id if known else ''}&per_page={limit}",
        "after": f"after={known.id if known else ''}&per_page={limit}",
    }[kind]
    args = Args(channel=room.id, kind=kind, anchor=known.at if known else 0, limit=limit)
    request = Request("GET", f"/channels/{room.id}/posts?{query}&skipFetchThreads=true")
    return await caller.read("page", args, request, page_value, place)
