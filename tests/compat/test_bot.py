"""A bot of mmpy_bot, unchanged, answers at one edge what people say at the other."""

import json
from typing import Any

from tests.compat import clients
from tests.compat.test_conversation import tell
from tests.e2e.world import World, eventually, say


async def test_a_bot_answers_a_mention_and_a_direct_message(world: World) -> None:
    ana, bot = await world.people("ana", "bot")
    team = await world.team(ana, bot)
    channel = await world.channel(team, ana, bot)
    program = clients.mmpy_bot()
    process = program.start(quiet=True)
    try:
        ears = await world.listen(ana, world.edges[0])
        place = world.edges[1]
        plan: dict[str, Any] = {
            "host": place.host,
            "rest_port": place.rest_port,
            "websocket_port": place.websocket_port,
            "token": bot.token,
            "team": team["name"],
        }
        tell(process, json.dumps(plan))
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"

        async def online() -> bool:
            statuses = await ana.rest.post("/users/status/ids", [bot.id], expect=200)
            return [status["status"] for status in statuses] == ["online"]

        await eventually(online, bool)
        asked = await say(ana.rest, channel["id"], f"@{bot.username} echo good morning")
        await ears.event("reaction_added")
        answered = (
            await ears.until(
                lambda: [post for post in ears.posts("posted") if post["user_id"] == bot.id], "the bot's answer"
            )
        )[0]
        assert answered["message"] == f"{ana.username} said good morning"
        assert answered["root_id"] == asked["id"]

        direct = await ana.rest.post("/channels/direct", [ana.id, bot.id])
        await say(ana.rest, direct["id"], "whisper good night")
        whispered = (
            await ears.until(
                lambda: [p for p in ears.posts("posted") if p["user_id"] == bot.id and p["channel_id"] == direct["id"]],
                "the bot's whisper",
            )
        )[0]
        assert whispered["message"] == "psst: good night"
    finally:
        process.kill()
        process.communicate()
