"""Bots, in both directions."""

from typing import Any

from chorus.auth.v1 import bots_pb2 as pb
from services.edge.dialect.requests import BotBody


def bot_json(bot: pb.Bot) -> dict[str, Any]:
    """Return a bot."""
    user = bot.user
    shown = {
        "user_id": user.id,
        "username": user.username,
        "owner_id": bot.owner_id,
        "create_at": user.create_at_ms,
        "update_at": user.update_at_ms,
        "delete_at": user.delete_at_ms,
    }
    left_out_when_empty = {
        "display_name": user.first_name,
        "description": user.bot_description,
        "last_icon_update": max(0, user.last_picture_update_ms),
    }
    return shown | {name: value for name, value in left_out_when_empty.items() if value}


def new_bot(body: BotBody) -> pb.CreateBotRequest:
    """Return the bot that is asked for."""
    return pb.CreateBotRequest(
        username=body.username or "", display_name=body.display_name or "", description=body.description or ""
    )


def patch(body: BotBody, bot_id: str) -> pb.PatchBotRequest:
    """Return the change that is asked for."""
    return pb.PatchBotRequest(
        user_id=bot_id, username=body.username, display_name=body.display_name, description=body.description
    )
