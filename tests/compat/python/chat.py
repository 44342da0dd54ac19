"""One side of a conversation, held by the unchanged mattermostdriver. Runs in its own virtual environment.

The first line of standard input says who and where (JSON); "ready" is printed once the socket is open; a second line
starts the conversation; the last line printed is what was seen (JSON).
"""

import asyncio
import json
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from mattermostdriver import Driver

SECONDS = 30

plan = json.loads(sys.stdin.readline())
me, peer, channel_id = plan["me"], plan["peer"], plan["channel_id"]
news = threading.Condition()
events: list[dict[str, Any]] = []


async def on_event(text: str) -> None:
    with news:
        events.append(json.loads(text))
        news.notify_all()


def wait_for(name: str, true: Callable[[dict[str, Any]], bool] = lambda data: True) -> dict[str, Any]:
    """Wait for an event whose data is right; return the data."""
    deadline = time.monotonic() + SECONDS
    with news:
        while True:
            for event in events:
                if event.get("event") == name and true(event["data"]):
                    data: dict[str, Any] = event["data"]
                    return data
            if not news.wait(deadline - time.monotonic()):
                seen = [event.get("event", "reply") for event in events]
                raise SystemExit(f"{me} waited for {name} in vain; it saw {seen}")


def post_of(data: dict[str, Any]) -> dict[str, Any]:
    post: dict[str, Any] = json.loads(data["post"])
    return post


def wait_for_post(message: str, name: str = "posted") -> dict[str, Any]:
    return post_of(wait_for(name, lambda data: bool(post_of(data)["message"] == message)))


def say(message: str, **fields: Any) -> dict[str, Any]:
    made: dict[str, Any] = driver.posts.create_post({"channel_id": channel_id, "message": message, **fields})
    return made


def listen() -> None:
    asyncio.set_event_loop(asyncio.new_event_loop())
    # A driver speaks to one port; past Envoy an edge's sockets have another than its REST.
    ears = Driver({**address, "port": plan["websocket_port"]})
    ears.client.token = driver.client.token
    ears.init_websocket(on_event)


address = {"scheme": "http", "url": plan["host"]}
driver = Driver({**address, "port": plan["rest_port"], "login_id": plan["username"], "password": plan["password"]})
driver.login()
user_id = driver.client.userid
assert driver.users.get_user("me")["username"] == plan["username"]
threading.Thread(target=listen, daemon=True).start()
wait_for("hello")
print("ready", flush=True)
sys.stdin.readline()

hello = say(f"hello from {me}")
theirs = wait_for_post(f"hello from {peer}")
say(f"reply from {me}", root_id=theirs["id"])
assert wait_for_post(f"reply from {peer}")["root_id"] == hello["id"]
thread = driver.posts.get_thread(hello["id"])
assert thread["order"][0] == hello["id"]

driver.reactions.create_reaction({"user_id": user_id, "post_id": theirs["id"], "emoji_name": "thumbsup"})
wait_for("reaction_added", lambda data: bool(json.loads(data["reaction"])["post_id"] == hello["id"]))
driver.posts.patch_post(hello["id"], {"message": f"edited by {me}"})
assert wait_for_post(f"edited by {peer}", "post_edited")["id"] == theirs["id"]

content = f"a file of {me}\n".encode() * 1000
uploaded = driver.files.upload_file(channel_id, files={"files": (f"{me}.txt", content)})["file_infos"][0]
filed = say(f"file from {me}", file_ids=[uploaded["id"]])
got = wait_for_post(f"file from {peer}")
fetched = driver.files.get_file(got["file_ids"][0])
assert fetched.content == f"a file of {peer}\n".encode() * 1000
assert driver.files.get_file_metadata(got["file_ids"][0])["name"] == f"{peer}.txt"
say(f"fetched by {me}")
wait_for_post(f"fetched by {peer}")
driver.posts.delete_post(filed["id"])
wait_for("post_deleted", lambda data: bool(post_of(data)["id"] == got["id"]))
say(f"done, {me}")
wait_for_post(f"done, {peer}")

order: list[str] = []
messages: dict[str, str] = {}
while True:
    page = driver.posts.get_posts_for_channel(channel_id, params={"page": len(order) // 3, "per_page": 3})
    order += page["order"]
    messages |= {post_id: post["message"] for post_id, post in page["posts"].items() if not post["type"]}
    if len(page["order"]) < 3:
        break
print(json.dumps([messages[post_id] for post_id in order if post_id in messages]), flush=True)
