"""A small model of the web client: what it knows from the requests of its boot and from the events since.

Counters are kept as the client keeps them, by events alone; nothing is asked again unless the socket began anew.
"""

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.e2e.client import Person, Place, Rest
from tests.e2e.traveller import Traveller

Value = dict[str, Any]
_UNCOUNTED = ("system_join", "system_leave", "system_add", "system_remove")
"""How the types of posts begin that make no channel unread."""


@dataclass(slots=True)
class Room:
    """A channel with its member's counters, as the client shows it."""

    total: int
    total_root: int
    last_post_at: int
    msg: int
    msg_root: int
    mentions: int
    mentions_root: int
    viewed_at: int
    base: int
    """The time of the last post that the boot's counters have in them."""
    muted: bool
    posts: dict[str, Value] = field(default_factory=dict)
    reactions: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    mentioning: set[str] = field(default_factory=set)
    """The posts that mention the user: by their words at the boot, since then by what their events say."""

    @property
    def counters(self) -> Value:
        """What the client shows: totals, what was read, mentions."""
        return {
            "total": self.total,
            "total_root": self.total_root,
            "last_post_at": self.last_post_at,
            "msg": self.msg,
            "msg_root": self.msg_root,
            "mentions": self.mentions,
            "mentions_root": self.mentions_root,
            "muted": self.muted,
        }

    def seen(self) -> Value:
        """What is shown of the posts: order, words, reactions; what was deleted is not."""
        ordered = sorted((post for post in self.posts.values()), key=lambda post: post["create_at"])
        return {
            "order": [post["id"] for post in ordered],
            "posts": {post["id"]: (post["message"], post["root_id"], post["user_id"]) for post in ordered},
            "reactions": {
                post["id"]: sorted(self.reactions[post["id"]]) for post in ordered if self.reactions.get(post["id"])
            },
        }


class WebClient:
    """One window of a user, at an edge."""

    def __init__(self, http: aiohttp.ClientSession, person: Person, place: Place, team_id: str) -> None:
        self.person = person
        self.place = place
        self.rooms: dict[str, Room] = {}
        self.categories: Value = {}
        self.threads: dict[str, Value] = {}
        """Of each followed thread: its replies, and what of them is unread."""
        self.boots = 0
        self._team_id = team_id
        self._traveller = Traveller(http, f"{person.username}@{place.name}", person.token)
        self._hellos = 0
        self._applied = 0

    @property
    def rest(self) -> Rest:
        """Its way to the edge."""
        return self.person.at(self.place)

    @property
    def ended(self) -> bool:
        """Whether its socket has ended."""
        return self._traveller.ended

    async def open(self) -> None:
        """Open the socket and load everything."""
        await self._traveller.come(self.place)
        await self._traveller.until(lambda: self._traveller.hellos, "hello")
        await self.follow()

    async def close(self) -> None:
        """Close the socket."""
        await self._traveller.go()

    async def return_to(self, place: Place) -> None:
        """Come again, with the id and the number that it had, if the socket has ended or another place is meant."""
        if not self._traveller.ended and place == self.place:
            return
        if not self._traveller.ended:
            await self._traveller.go(abruptly=True)
        self.place = place
        with suppress(aiohttp.ClientError):  # it comes again after the next round
            await self._traveller.come(place)

    async def follow(self) -> None:
        """Apply the events that have come; begin anew when the socket did."""
        traveller = self._traveller
        if traveller.hellos != self._hellos:
            self._hellos, self._applied = traveller.hellos, 0
            await self._boot()
        while self._applied < len(traveller.frames) and traveller.hellos == self._hellos:
            frame = traveller.frames[self._applied]
            self._applied += 1
            await self._apply(frame["event"], frame["data"], frame["broadcast"])

    async def shows(self, channel_id: str, post_id: str) -> None:
        """Wait until a post has come here, unless nothing can come."""
        await self.follow()

        def came() -> bool:
            recent = [json.loads(f["data"]["post"]) for f in self._recent("posted")]
            return self.ended or any(post["id"] == post_id for post in recent)

        if post_id not in self.rooms[channel_id].posts:
            await self._traveller.until(came, f"post {post_id}")

    async def is_told_of_mark(self, channel_id: str, viewed_at: int) -> None:
        """Wait until it was told that the channel is unread from here, unless nothing can come."""

        def came() -> bool:
            marks = [(f["broadcast"]["channel_id"], f["data"]["last_viewed_at"]) for f in self._recent("post_unread")]
            return self.ended or (channel_id, viewed_at) in marks

        await self._traveller.until(came, f"{channel_id} is unread from {viewed_at}")
        await self.follow()

    def _recent(self, event: str) -> list[Value]:
        return [frame for frame in self._traveller.frames[-300:] if frame["event"] == event]

    async def caught_up_in(self, channel_id: str, marker: str) -> None:
        """Wait for the channel's post with this message, which was sent after everything else, and apply all."""
        await self.follow()

        def came() -> bool:
            posts = [json.loads(f["data"]["post"]) for f in self._traveller.frames if f["event"] == "posted"]
            return any(post["message"] == marker and post["channel_id"] == channel_id for post in posts)

        if not any(post["message"] == marker for post in self.rooms[channel_id].posts.values()):
            await self._traveller.until(came, f"the post {marker}")
            await self.follow()

    def picture(self) -> Value:
        """Everything that this window shows, as a value to compare."""
        return {
            "counters": {channel_id: room.counters for channel_id, room in self.rooms.items()},
            "rooms": {channel_id: room.seen() for channel_id, room in self.rooms.items()},
            "categories": self.categories,
            # A root that is followed and has no replies is in no list of threads.
            "threads": {id: thread for id, thread in self.threads.items() if thread["reply_count"]},
        }

    async def _boot(self) -> None:
        self.boots += 1
        rest, me = self.rest, self.person.id
        channels, members = await asyncio.gather(
            rest.get("/users/me/channels"), rest.get(f"/users/{me}/channel_members", page=0, per_page=200)
        )
        mine = {member["channel_id"]: member for member in members}
        self.rooms = {c["id"]: _room(c, mine[c["id"]]) for c in channels if c["team_id"] in ("", self._team_id)}
        await asyncio.gather(*(self._load(channel_id, room) for channel_id, room in self.rooms.items()))
        await self._load_categories()
        await self._load_threads()

    async def _load(self, channel_id: str, room: Room) -> None:
        page = 0
        while True:
            part = await self.rest.get(f"/channels/{channel_id}/posts", page=page, per_page=200)
            for post in part["posts"].values():
                self._show(room, post)
                if post["user_id"] != self.person.id and f"@{self.person.username}" in post["message"]:
                    room.mentioning.add(post["id"])
            if len(part["order"]) < 200:
                return
            page += 1

    async def _load_threads(self) -> None:
        path, before = f"/users/{self.person.id}/teams/{self._team_id}/threads", ""
        self.threads = {}
        while True:
            part = (await self.rest.get(path, per_page=100, before=before))["threads"]
            self.threads |= {thread["id"]: _thread(thread) for thread in part}
            if len(part) < 100:
                return
            before = part[-1]["id"]

    async def _load_categories(self) -> None:
        answer = await self.rest.get(f"/users/{self.person.id}/teams/{self._team_id}/channels/categories")
        self.categories = {
            "order": answer["order"],
            "channels": {category["id"]: sorted(category["channel_ids"]) for category in answer["categories"]},
            "names": {category["id"]: category["display_name"] for category in answer["categories"]},
        }

    def _show(self, room: Room, post: Value) -> None:
        room.posts[post["id"]] = post
        reactions = (post.get("metadata") or {}).get("reactions") or []
        room.reactions[post["id"]] = {(r["user_id"], r["emoji_name"]) for r in reactions}

    async def _apply(self, event: str, data: Value, broadcast: Value) -> None:
        if event == "posted":
            self._posted(json.loads(data["post"]), mentioned=self.person.id in data.get("mentions", ""))
        elif event == "post_edited":
            post = json.loads(data["post"])
            room = self.rooms[post["channel_id"]]
            if post["id"] in room.posts:
                room.posts[post["id"]] = post
        elif event == "post_deleted":
            post = json.loads(data["post"])
            self._deleted(post)
            if post["root_id"] in self.threads:
                await self._followed(post["root_id"], following=True)
        elif event in ("reaction_added", "reaction_removed"):
            self._reacted(event, json.loads(data["reaction"]))
        elif event == "multiple_channels_viewed":
            for channel_id, viewed_at in data["channel_times"].items():
                self._viewed(self.rooms[channel_id], viewed_at)
        elif event == "channel_member_updated":
            member = json.loads(data["channelMember"])
            self.rooms[member["channel_id"]].muted = _is_muted(member)
        elif event == "post_unread":
            self._marked_unread(self.rooms[broadcast["channel_id"]], data)
        elif event == "thread_updated":
            await self._thread_moved(json.loads(data["thread"]))
        elif event == "thread_read_changed" and "thread_id" in data:
            await self._followed(data["thread_id"], following=True)
        elif event == "thread_follow_changed":
            await self._followed(data["thread_id"], following=data["state"])
        elif event.startswith("sidebar_category"):
            await self._load_categories()

    def _posted(self, post: Value, *, mentioned: bool) -> None:
        room = self.rooms.get(post["channel_id"])
        if room is None or post["id"] in room.posts:
            return
        self._show(room, post)
        if mentioned:
            room.mentioning.add(post["id"])
        if post["create_at"] <= room.base:
            return
        is_root = not post["root_id"]
        counted = not post["type"].startswith(_UNCOUNTED)
        room.last_post_at = max(room.last_post_at, post["create_at"])
        if not counted:
            return
        room.total += 1
        room.total_root += is_root
        if post["user_id"] == self.person.id and is_root:  # with collapsed threads a reply says nothing of its channel
            self._viewed(room, post["create_at"])
        elif post["create_at"] <= room.viewed_at:
            room.msg += 1
            room.msg_root += is_root
        elif mentioned:
            room.mentions += 1
            room.mentions_root += is_root

    def _viewed(self, room: Room, viewed_at: int) -> None:
        """All up to that time is read; what came since is not, whichever of the two was heard of first."""
        if viewed_at < room.viewed_at:
            return
        room.viewed_at = viewed_at
        later = [p for p in room.posts.values() if p["create_at"] > viewed_at and not p["type"].startswith(_UNCOUNTED)]
        roots = [post for post in later if not post["root_id"]]
        room.msg, room.msg_root = room.total - len(later), room.total_root - len(roots)
        room.mentions = sum(post["id"] in room.mentioning for post in later)
        room.mentions_root = sum(post["id"] in room.mentioning for post in roots)

    def _marked_unread(self, room: Room, data: Value) -> None:
        """What was read is told; mentions are those that are known since, as posts may have come before this event."""
        room.viewed_at = data["last_viewed_at"]
        room.msg, room.msg_root = data["msg_count"], data["msg_count_root"]
        later = [p for p in room.posts.values() if p["create_at"] > room.viewed_at and p["id"] in room.mentioning]
        room.mentions = len(later)
        room.mentions_root = sum(not post["root_id"] for post in later)

    async def _thread_moved(self, thread: Value) -> None:
        """The counters of the event, unless it is older than the last look or following, which other events tell."""
        known = self.threads.get(thread["id"])
        if known is None or thread["last_viewed_at"] < known["last_viewed_at"]:
            await self._followed(thread["id"], following=True)
        else:
            self.threads[thread["id"]] = _thread(thread)

    async def _followed(self, thread_id: str, *, following: bool) -> None:
        """A thread that is followed or read is asked for, as its event says too little of it."""
        path = f"/users/{self.person.id}/teams/{self._team_id}/threads/{thread_id}"
        answer = await self.rest.send("GET", path) if following else None
        if answer is not None and answer.status == 200:
            self.threads[thread_id] = _thread(answer.json)
        else:
            self.threads.pop(thread_id, None)

    def _deleted(self, post: Value) -> None:
        room = self.rooms[post["channel_id"]]
        for gone in [p["id"] for p in room.posts.values() if post["id"] in (p["id"], p["root_id"])]:
            del room.posts[gone]
            self.threads.pop(gone, None)

    def _reacted(self, event: str, reaction: Value) -> None:
        for room in self.rooms.values():
            if reaction["post_id"] in room.posts:
                present = room.reactions.setdefault(reaction["post_id"], set())
                what = (reaction["user_id"], reaction["emoji_name"])
                (present.add if event == "reaction_added" else present.discard)(what)


def _room(channel: Value, member: Value) -> Room:
    return Room(
        channel["total_msg_count"],
        channel["total_msg_count_root"],
        channel["last_post_at"],
        member["msg_count"],
        member["msg_count_root"],
        member["mention_count"],
        member["mention_count_root"],
        member["last_viewed_at"],
        channel["last_post_at"],
        _is_muted(member),
    )


def _is_muted(member: Value) -> bool:
    return bool(member["notify_props"]["mark_unread"] == "mention")


def _thread(thread: Value) -> Value:
    return {name: thread[name] for name in ("reply_count", "last_viewed_at", "unread_replies", "unread_mentions")}
