"""A bot of the unchanged mmpy_bot, in its own virtual environment: it answers whoever mentions it, and direct messages.

The first line of standard input says who and where (JSON). It answers until it is ended.
"""

import json
import sys
from typing import Any

from mmpy_bot import Bot, Message, Plugin, Settings, listen_to


class Echo(Plugin):  # type: ignore[misc]
    """Says back what it is told."""

    @listen_to("^echo (.*)$", needs_mention=True)  # type: ignore[untyped-decorator]
    async def echo(self, message: Message, words: str) -> None:
        self.driver.react_to(message, "ear")
        self.driver.reply_to(message, f"{message.sender_name} said {words}")

    @listen_to("^whisper (.*)$", direct_only=True)  # type: ignore[untyped-decorator]
    async def whisper(self, message: Message, words: str) -> None:
        self.driver.direct_message(message.user_id, f"psst: {words}")

    def on_start(self) -> None:
        # Once it runs the bot looks at nobody's history: it is ready when its own socket says hello to us.
        print("ready", flush=True)


plan: dict[str, Any] = json.loads(sys.stdin.readline())
bot = Bot(
    settings=Settings(
        MATTERMOST_URL=f"http://{plan['host']}",
        MATTERMOST_PORT=plan["rest_port"],
        MATTERMOST_API_PATH="",
        BOT_TOKEN=plan["token"],
        BOT_TEAM=plan["team"],
        SSL_VERIFY=False,
        WEBHOOK_HOST_ENABLED=False,
    ),
    plugins=[Echo()],
)
# A driver speaks to one port; past Envoy an edge's sockets have another than its REST.
bot.driver.options["port"] = plan["websocket_port"]
bot.run()
