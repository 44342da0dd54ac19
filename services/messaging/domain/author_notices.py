"""Telling authors, and nobody else, whom their posts did not reach."""

import json
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unmet:
    """A post with names that are nobody's in its channel."""

    post_id: str
    channel_id: str
    root_id: str
    author_id: str
    create_at: int
    names: frozenset[str]
    """Usernames, in lower case, if anybody's."""


@dataclass(frozen=True, slots=True)
class Outsider:
    """Somebody of the team who is not in the channel."""

    user_id: str
    username: str


@dataclass(frozen=True, slots=True)
class Unheard:
    """A post that was for everybody in a channel with too many members for that."""

    channel_id: str
    root_id: str
    author_id: str
    create_at: int


def too_many(limit: int) -> str:
    """Return the notice of a post to everybody in a channel of `limit` members or more."""
    return f"This channel has {limit} members or more: @channel, @all and @here notify nobody here."


def not_reached(notice_id: str, outsiders: Sequence[Outsider]) -> tuple[str, str]:
    """Return message and props of the notice under this id: clients offer to add those whom the props name."""
    names = [outsider.username for outsider in outsiders]
    ids = [outsider.user_id for outsider in outsiders]
    mentioned = [f"@{name}" for name in names]
    if len(mentioned) == 1:
        message = f"{mentioned[0]} is not in this channel and was not notified."
    else:
        message = f"{', '.join(mentioned[:-1])} and {mentioned[-1]} are not in this channel and were not notified."
    props = {
        "add_channel_member": {
            "post_id": notice_id,
            "usernames": names,
            "user_ids": ids,
            "not_in_channel_usernames": names,
            "not_in_channel_user_ids": ids,
            "not_in_groups_usernames": [],
            "not_in_groups_user_ids": [],
        }
    }
    return message, json.dumps(props)
