"""Five people at a random walk through their channels: what each does next is decided by the seed."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any

from tests.e2e.client import Person, Place, Rest
from tests.e2e.web_client import WebClient
from tests.e2e.world import say

Value = dict[str, Any]
ACTIONS = {
    "post": 30,
    "reply": 20,
    "mention": 10,
    "edit": 5,
    "read": 10,
    "switch": 5,
    "mark unread": 5,
    "mute": 3,
    "react": 10,
    "unreact": 3,
    "delete": 4,
    "sort": 3,
    "follow": 4,
    "unfollow": 4,
    "read thread": 6,
}
"""What people do, and how often."""
_COLLAPSED = {"collapsed_threads_supported": True}
_FAR = 4_000_000_000_000  # ms: everything up to now


class Walk:
    """Knows what was made, so that the next step always has something to be about."""

    def __init__(
        self,
        seed: int,
        people: Sequence[Person],
        channel_ids: Sequence[str],
        team_id: str,
        windows: Sequence[WebClient],
    ) -> None:
        """`windows` are the first person's, who looks at them before marking anything unread."""
        self.chance = random.Random(seed)
        self.taken = 0
        self._people = people
        self._channel_ids = channel_ids
        self._team_id = team_id
        self._windows = windows
        self._own = dict.fromkeys(channel_ids, "")
        """The first person's last root in each channel."""
        self._muted: set[tuple[str, str]] = set()
        self._posts: list[Value] = []
        """Those that are there, and whose deletion nobody has begun."""
        self._reactions: list[Value] = []
        self._categories: list[str] = []

    async def round(self, places: Sequence[Place]) -> None:
        """Everybody takes one step, all at once, each at one of the places."""
        steps = [
            self._step(number, person.at(self.chance.choice(places))) for number, person in enumerate(self._people)
        ]
        await asyncio.gather(*steps)
        self.taken += len(steps)

    def _step(self, number: int, rest: Rest) -> Any:
        """Decide now, in order; what is returned does it."""
        me = self._people[number]
        action = self.chance.choices(list(ACTIONS), weights=list(ACTIONS.values()))[0]
        channel_id = self.chance.choice(self._channel_ids)
        mine = [post for post in self._posts if post["user_id"] == me.id]
        roots = [post for post in self._posts if not post["root_id"]][-12:]
        reacted = [reaction for reaction in self._reactions if reaction["user_id"] == me.id]
        if action == "mention":
            friend = self.chance.choice(self._people).username
            return self._say(rest, channel_id, f"look at this @{friend} please")
        if action == "reply" and roots:
            root = self.chance.choice(roots)
            names = self.chance.choice(["", f" @{self._people[0].username}"])
            return self._say(rest, root["channel_id"], f"step {self.taken + number}{names}", root_id=root["id"])
        if action == "edit" and mine:
            post = self.chance.choice(mine)
            return rest.put(f"/posts/{post['id']}/patch", {"message": f"edited in step {self.taken + number}"})
        if action == "read":
            return rest.post("/channels/members/me/view", _viewed(channel_id), expect=200)
        if action == "switch":
            left = self.chance.choice(self._channel_ids)
            viewed = _viewed(channel_id) | {"prev_channel_id": left}
            return rest.post("/channels/members/me/view", viewed, expect=200)
        if action == "mark unread" and self._posts:
            return self._mark_unread(rest, self.chance.choice(self._posts[-20:]), shown=number == 0)
        if action == "mute":
            return self._mute(rest, me, channel_id)
        if action == "react" and self._posts:
            post = self.chance.choice(self._posts[-20:])
            emoji = self.chance.choice(["heart", "tada", "eyes"])
            reaction = {"user_id": me.id, "post_id": post["id"], "emoji_name": emoji}
            self._reactions.append(reaction)
            return rest.send("POST", "/reactions", reaction)  # refused when the post is deleted at the same moment
        if action == "unreact" and reacted:
            reaction = self.chance.choice(reacted)
            self._reactions.remove(reaction)
            path = f"/users/me/posts/{reaction['post_id']}/reactions/{reaction['emoji_name']}"
            return rest.send("DELETE", path)
        if action == "delete" and mine:
            post = self.chance.choice(mine)
            self._posts = [one for one in self._posts if post["id"] not in (one["id"], one["root_id"])]
            return rest.delete(f"/posts/{post['id']}")
        if action in ("follow", "unfollow", "read thread") and roots:
            thread = f"/users/me/teams/{self._team_id}/threads/{self.chance.choice(roots)['id']}"
            if action == "read thread":
                return rest.send("PUT", f"{thread}/read/{_FAR}")  # refused to whoever doesn't follow it
            return rest.send("PUT" if action == "follow" else "DELETE", f"{thread}/following")
        if action == "sort" and number == 0:
            return self._sort(rest, channel_id, self.chance.random() < 0.2)
        return self._say(rest, channel_id, f"step {self.taken + number}")

    async def _say(self, rest: Rest, channel_id: str, message: str, **fields: Any) -> None:
        if fields:
            answer = await rest.send("POST", "/posts", {"channel_id": channel_id, "message": message, **fields})
            if answer.status == 400:
                return  # the root was deleted at the same moment
            self._posts.append(answer.expect(201))
        else:
            post = await say(rest, channel_id, message)
            self._posts.append(post)
            if post["user_id"] == self._people[0].id:
                self._own[channel_id] = post["id"]

    async def _mark_unread(self, rest: Rest, post: Value, *, shown: bool) -> None:
        """Mark a channel unread from a post on.

        A mark is the user's event and a post is its channel's, between which no order is promised, while one's own
        post makes its channel read. So the first person, whose windows are looked at, marks what both show, and goes
        on when both show the mark.
        """
        channel_id = post["channel_id"]
        for window in self._windows if shown else ():
            if any(one["id"] == self._own[channel_id] for one in self._posts):
                await window.shows(channel_id, self._own[channel_id])
        answer = await rest.send("POST", f"/users/me/posts/{post['id']}/set_unread", _COLLAPSED)
        if answer.status != 200:
            return  # the post was deleted at the same moment
        for window in self._windows if shown else ():
            await window.is_told_of_mark(channel_id, answer.json["last_viewed_at"])

    async def _mute(self, rest: Rest, me: Person, channel_id: str) -> None:
        """Mute a channel, or hear it again."""
        key = (me.id, channel_id)
        props = {"mark_unread": "all" if key in self._muted else "mention"}
        await rest.put(f"/channels/{channel_id}/members/{me.id}/notify_props", props)
        self._muted ^= {key}

    async def _sort(self, rest: Rest, channel_id: str, fresh: bool) -> None:
        """The first person moves a channel into a category of its own making."""
        path = f"/users/me/teams/{self._team_id}/channels/categories"
        if fresh or not self._categories:
            value = {"team_id": self._team_id, "user_id": self._people[0].id, "channel_ids": [channel_id]}
            made = await rest.post(path, {**value, "display_name": f"Box {self.taken}", "type": "custom"}, expect=200)
            self._categories.append(made["id"])
            return
        category = await rest.get(f"{path}/{self._categories[-1]}")
        category["channel_ids"] = sorted({*category["channel_ids"], channel_id})
        await rest.put(f"{path}/{category['id']}", category)


def _viewed(channel_id: str) -> Value:
    return _COLLAPSED | {"channel_id": channel_id}
