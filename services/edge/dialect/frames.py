"""One frame: encoded once for all whom it reaches, but for what differs per connection and per user."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, NamedTuple

import msgspec
from google.protobuf.message import Message

from services.chassis.permissions import granted

_encode: Final = msgspec.json.Encoder().encode


class Event(NamedTuple):
    """A decoded entry of a log."""

    topic: str
    seq: int
    kind: str
    body: Message

    @property
    def subject(self) -> str:
        """The id that the topic is named after."""
        return self.topic.rpartition(":")[2]


class Standing(Enum):
    """What somebody is in the whole system, as far as it decides which events it hears."""

    ADMIN = "admin"
    MEMBER = "member"
    GUEST = "guest"

    @classmethod
    def of(cls, roles: Iterable[str]) -> "Standing":
        """Return what these system roles make of somebody; who does not see everybody hears like a guest."""
        held = tuple(roles)
        if granted(held, "manage_system"):
            return cls.ADMIN
        return cls.MEMBER if granted(held, "view_members") else cls.GUEST


_EVERYBODY: Final = frozenset(Standing)
_USER: Final = b'"user_id":""'


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame for those of a topic's sockets whom it `reaches`; `head_for(user)` + seq + `}` is what is sent."""

    event: str
    data: bytes
    """`{"event":…,"data":{…` without the brace that closes `data`."""
    rest: bytes
    """From that brace to `"seq":`."""
    head: bytes
    """Both: what all get who are not mentioned."""
    only_user: str = ""
    omit_user: str = ""
    standings: frozenset[Standing] = _EVERYBODY
    """Whom among the listeners it is for."""
    mentioned: frozenset[str] = frozenset()
    followers: frozenset[str] = frozenset()
    """Who is to be notified of a reply in a thread that it follows."""
    personal: Mapping[str, tuple[bytes, bytes]] | None = None
    """By user, what differs in `data` and in `rest`; a frame that has it reaches nobody else."""
    droppable: bool = False
    """Ephemeral and soon stale: a slow socket may miss it."""
    omit_connection: str = ""
    """The connection that the change came from, and that has it already."""
    fuller: "Frame | None" = None
    """What those get instead who listen to the topic `fuller_for` too, and system administrators."""
    fuller_for: str = ""
    fuller_for_members: str = ""
    """Another such topic, of which guests may not see it."""
    for_everybody: bool = field(init=False)
    """Whether `reaches` need not be asked."""
    varies: bool = field(init=False)
    """Whether `head_for` must be asked; otherwise `head` is for all."""

    def __post_init__(self) -> None:
        """Find out once what each delivery asks."""
        named = self.only_user or self.omit_user or self.omit_connection or self.personal
        object.__setattr__(self, "for_everybody", not named and len(self.standings) == len(_EVERYBODY))
        object.__setattr__(self, "varies", bool(self.mentioned or self.followers or self.personal))

    def reaches(self, user_id: str, standing: Standing, connection_id: str) -> bool:
        """Whether a socket of the topic gets it."""
        if standing not in self.standings:
            return False
        if self.omit_connection and self.omit_connection == connection_id:
            return False
        if self.personal:
            return user_id in self.personal
        return user_id == self.only_user if self.only_user else user_id != self.omit_user

    def head_for(self, user_id: str) -> bytes:
        """Return the frame up to the seq for a user."""
        if self.personal:
            data, rest = self.personal[user_id]
            return b"".join((self.data, data, self.rest.replace(_USER, rest, 1)))
        if user_id not in self.mentioned and user_id not in self.followers:
            return self.head
        own = b'"[\\"%b\\"]"' % user_id.encode()
        mentions = b',"mentions":%b' % own if user_id in self.mentioned else b""
        followers = b',"followers":%b' % own if user_id in self.followers else b""
        return b"".join((self.data, mentions, followers, self.rest))


def _broadcast(
    channel_id: str = "", team_id: str = "", user_id: str = "", omit_user: str = "", omit_connection: str = ""
) -> dict[str, Any]:
    return {
        "omit_users": {omit_user: True} if omit_user else None,
        "user_id": user_id,
        "channel_id": channel_id,
        "team_id": team_id,
        "connection_id": "",
        "omit_connection_id": omit_connection,
    }


def frame(
    event: str,
    data: Mapping[str, Any],
    *,
    channel_id: str = "",
    team_id: str = "",
    user_id: str = "",
    omit_user: str = "",
    admins: bool | None = None,
    guests: bool | None = None,
    mentioned: Sequence[str] = (),
    followers: Sequence[str] = (),
    droppable: bool = False,
    omit_connection: str = "",
) -> Frame:
    """Encode a frame; its keywords decide who of the topic's listeners gets it.

    `admins` and `guests`: True for them alone, False for all others, None for both.
    """
    broadcast = _broadcast(channel_id, team_id, user_id, omit_user, omit_connection)
    if admins is not None:
        broadcast["contains_sensitive_data" if admins else "contains_sanitized_data"] = True
    opened = b'{"event":%b,"data":%b' % (_encode(event), _encode(data)[:-1])
    rest = b'},"broadcast":%b,"seq":' % _encode(broadcast)
    chosen = ((Standing.ADMIN, admins), (Standing.GUEST, guests))
    standings = frozenset(
        standing
        for standing in Standing
        if all(wanted is None or (standing is whom) == wanted for whom, wanted in chosen)
    )
    return Frame(
        event, opened, rest, opened + rest, user_id, omit_user, standings, frozenset(mentioned), frozenset(followers),
        droppable=droppable, omit_connection=omit_connection,
    )  # fmt: skip


def personal_frame(event: str, data: bytes, own: Mapping[str, bytes], *, team_id: str) -> Frame:
    """Return a frame of which each user of `own` gets a variant: what follows on `data` (JSON without its braces)."""
    opened = b'{"event":%b,"data":{%b' % (_encode(event), data)
    rest = b'},"broadcast":%b,"seq":' % _encode(_broadcast(team_id=team_id))
    variants = {user_id: (text, b'"user_id":"%b"' % user_id.encode()) for user_id, text in own.items()}
    return Frame(event, opened, rest, opened + rest, personal=variants)


def hello(user_id: str, connection_id: str, server_version: str, hostname: str) -> Frame:
    """Return the first frame of every connection."""
    data = {"server_version": server_version, "connection_id": connection_id, "server_hostname": hostname}
    return frame("hello", data, user_id=user_id)
