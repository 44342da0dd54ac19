"""One side of a conversation, held by an unchanged Python client. Runs in that client's own virtual environment.

The argument names the module that speaks for the client. The first line of standard input says who and where (JSON);
"ready" is printed once the socket is open; a second line starts the conversation; the last line printed is what was
seen (JSON).
"""

import asyncio
import importlib
import json
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

SECONDS = 30

Value = dict[str, Any]


class Client(Protocol):
    """What the conversation asks of a client; each module named by the argument has one."""

    user_id: str

    def listen(self, on_event: Callable[[str], Any]) -> None:
        """Open a socket and read it for ever, in a thread of its own."""

    def errands(self, plan: Value) -> None:
        """Whatever else a day brings: teams, channels, people, statuses; each answer is looked at."""

    def say(self, channel_id: str, message: str, **fields: Any) -> Value: ...
    def thread(self, post_id: str) -> Value: ...
    def react(self, post_id: str, emoji_name: str) -> Any: ...
    def edit(self, post_id: str, message: str) -> Any: ...
    def delete(self, post_id: str) -> Any: ...
    def page(self, channel_id: str, number: int, size: int) -> Value: ...
    def upload(self, channel_id: str, name: str, content: bytes) -> Value: ...
    def download(self, file_id: str) -> bytes: ...
    def describe(self, file_id: str) -> Value: ...
    def leave(self) -> None: ...


class Ears:
    """Everything that came over the socket."""

    def __init__(self, me: str) -> None:
        self._me = me
        self._news = threading.Condition()
        self._events: list[Value] = []

    async def on_event(self, text: str) -> None:
        with self._news:
            self._events.append(json.loads(text))
            self._news.notify_all()

    def wait_for(self, name: str, true: Callable[[Value], bool] = lambda data: True) -> Value:
        """Wait for an event whose data is right; return the data."""
        deadline = time.monotonic() + SECONDS
        with self._news:
            while True:
                for event in self._events:
                    if event.get("event") == name and true(event["data"]):
                        data: Value = event["data"]
                        return data
                if not self._news.wait(deadline - time.monotonic()):
                    seen = [event.get("event", "reply") for event in self._events]
                    raise SystemExit(f"{self._me} waited for {name} in vain; it saw {seen}")

    def wait_for_post(self, message: str, name: str = "posted") -> Value:
        return post_of(self.wait_for(name, lambda data: bool(post_of(data)["message"] == message)))


def post_of(data: Value) -> Value:
    post: Value = json.loads(data["post"])
    return post


def converse(client: Client, ears: Ears, me: str, peer: str, channel_id: str) -> None:
    hello = client.say(channel_id, f"hello from {me}")
    theirs = ears.wait_for_post(f"hello from {peer}")
    client.say(channel_id, f"reply from {me}", root_id=theirs["id"])
    assert ears.wait_for_post(f"reply from {peer}")["root_id"] == hello["id"]
    assert client.thread(hello["id"])["order"][0] == hello["id"]

    client.react(theirs["id"], "thumbsup")
    ears.wait_for("reaction_added", lambda data: bool(json.loads(data["reaction"])["post_id"] == hello["id"]))
    client.edit(hello["id"], f"edited by {me}")
    assert ears.wait_for_post(f"edited by {peer}", "post_edited")["id"] == theirs["id"]

    content = f"a file of {me}\n".encode() * 1000
    uploaded = client.upload(channel_id, f"{me}.txt", content)["file_infos"][0]
    filed = client.say(channel_id, f"file from {me}", file_ids=[uploaded["id"]])
    got = ears.wait_for_post(f"file from {peer}")
    assert client.download(got["file_ids"][0]) == f"a file of {peer}\n".encode() * 1000
    assert client.describe(got["file_ids"][0])["name"] == f"{peer}.txt"
    client.say(channel_id, f"fetched by {me}")
    ears.wait_for_post(f"fetched by {peer}")
    client.delete(filed["id"])
    ears.wait_for("post_deleted", lambda data: bool(post_of(data)["id"] == got["id"]))
    client.say(channel_id, f"done, {me}")
    ears.wait_for_post(f"done, {peer}")


def history(client: Client, channel_id: str) -> list[str]:
    """The messages of the channel as its pages have them, newest first."""
    messages: list[str] = []
    number = 0
    while True:
        page = client.page(channel_id, number, 3)
        posts = [page["posts"][post_id] for post_id in page["order"]]
        messages += [post["message"] for post in posts if not post["type"]]
        if len(page["order"]) < 3:
            return messages
        number += 1


def main() -> None:
    plan: Value = json.loads(sys.stdin.readline())
    client: Client = importlib.import_module(sys.argv[1]).Client(plan)
    ears = Ears(plan["me"])

    def listen() -> None:
        asyncio.set_event_loop(asyncio.new_event_loop())
        client.listen(ears.on_event)

    threading.Thread(target=listen, daemon=True).start()
    ears.wait_for("hello")
    client.errands(plan)
    print("ready", flush=True)
    sys.stdin.readline()
    converse(client, ears, plan["me"], plan["peer"], plan["channel_id"])
    seen = history(client, plan["channel_id"])
    client.leave()
    print(json.dumps(seen), flush=True)


if __name__ == "__main__":
    main()
