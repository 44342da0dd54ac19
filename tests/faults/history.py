"""What happened, as the clients saw it: the only thing that the checker is given.

Times are seconds of the recording process's monotonic clock; `at` of posts and events are the server's milliseconds.
On disk a history is JSON lines, one record each, in the order in which they were made.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import msgspec

SETTLED = "settled"
"""How a socket ended that was closed after everything had come to rest: it must have seen all."""


class _Line(msgspec.Struct, tag_field="is", omit_defaults=True, frozen=True):
    pass


class Person(_Line, tag="person", frozen=True):
    """Who hides behind an id."""

    id: str
    name: str


class Shown(msgspec.Struct, array_like=True, frozen=True):
    """A post as a page or thread shows it."""

    id: str
    create_at: int
    update_at: int


class Reacted(msgspec.Struct, array_like=True, frozen=True):
    """A reaction; `at` tells it from an earlier one of the same kind that was taken back."""

    post: str
    user: str
    emoji: str
    at: int


class Kept(msgspec.Struct, array_like=True, frozen=True):
    """A post as it lies in the channel's history at the end."""

    id: str
    create_at: int
    update_at: int
    edit_at: int
    delete_at: int
    user: str
    root: str
    type: str
    token: str
    """What the writer put into the text, so that each write can be told from all others."""
    subject: str
    """In a notice: the user who came or went."""
    reply_count: int


class Args(msgspec.Struct, omit_defaults=True, frozen=True):
    """What an operation is about."""

    channel: str = ""
    post: str = ""
    root: str = ""
    token: str = ""
    pending: str = ""
    user: str = ""
    """Who is added or removed."""
    emoji: str = ""
    users: tuple[str, ...] = ()
    """Whose statuses are asked for."""
    ends: str = ""
    """The session that is ended."""
    kind: str = ""
    """Of a page: newest, before, after, since."""
    anchor: int = 0
    """A page begins before or after this create_at, or shows what changed since."""
    limit: int = 0


class Value(msgspec.Struct, omit_defaults=True, frozen=True):
    """What an operation was answered."""

    id: str = ""
    at: int = 0
    edit_at: int = 0
    posts: tuple[Shown, ...] = ()
    """Newest first; of a thread the root first."""
    reactions: tuple[Reacted, ...] = ()
    kept: tuple[Kept, ...] = ()
    """Oldest first."""
    statuses: dict[str, str] = {}


class Invoke(_Line, tag="invoke", frozen=True):
    """An operation begins."""

    op: int
    at: float
    what: str
    """post, edit, delete, react, unreact, add, remove, page, thread, statuses, sign_in, sign_out, history."""
    client: str
    session: str
    edge: str
    args: Args = Args()


Outcome = Literal["ok", "fail", "unknown"]


class Done(_Line, tag="done", frozen=True):
    """An operation has ended: acknowledged, refused for good (it had no effect), or who knows."""

    op: int
    at: float
    outcome: Outcome
    value: Value = Value()
    status: int = 0
    why: str = ""
    """Of what was not acknowledged: the error's id, or what the client met."""
    attempts: int = 1
    """More than one: an earlier attempt may still take effect, unless the operation happens only once."""


class Open(_Line, tag="open", frozen=True):
    """A client begins to open a socket."""

    socket: int
    at: float
    client: str
    session: str
    edge: str
    resumes: str = ""
    """The connection_id that it wants to go on with."""
    sequence: int = 0


class Frame(_Line, tag="frame", frozen=True):
    """An event came. Of an event that is about no post only name, channel and user are kept."""

    socket: int
    at: float
    seq: int
    event: str
    channel: str = ""
    id: str = ""
    """The post; of `hello` the connection_id."""
    changed: int = 0
    """create_at of what is new, update_at of an edit."""
    user: str = ""
    emoji: str = ""
    token: str = ""


class End(_Line, tag="end", frozen=True):
    """Nothing more comes on a socket: settled, client, refused, lost, or the server's close code."""

    socket: int
    at: float
    how: str


class Fault(_Line, tag="fault", frozen=True):
    """Something was broken on purpose, from `at` until it was undone, or the process was back and healthy."""

    at: float
    until: float
    kind: str
    target: str
    touches_bus: bool = False


Record = Person | Invoke | Done | Open | Frame | End | Fault


def load(path: Path) -> list[Record]:
    """Read a history back. Raises msgspec.DecodeError for what is none."""
    return msgspec.json.Decoder(Record).decode_lines(path.read_bytes())


def dump(records: Iterable[Record], path: Path) -> None:
    """Write a history that is already complete."""
    path.write_bytes(msgspec.json.Encoder().encode_lines(list(records)))


class Recorder:
    """Writes a history while it happens, and keeps it in memory too."""

    def __init__(self, path: Path | None = None) -> None:
        """Without a path nothing is written."""
        self.records: list[Record] = []
        self._encode = msgspec.json.Encoder().encode
        self._file = path.open("wb") if path is not None else None
        self._ops = 0
        self._sockets = 0

    def next_op(self) -> int:
        """A number for an operation."""
        self._ops += 1
        return self._ops

    def next_socket(self) -> int:
        """A number for a socket."""
        self._sockets += 1
        return self._sockets

    def add(self, record: Record) -> None:
        """Take a record."""
        self.records.append(record)
        if self._file is not None:
            self._file.write(self._encode(record) + b"\n")

    def close(self) -> Sequence[Record]:
        """Finish the file; return everything."""
        if self._file is not None:
            self._file.close()
            self._file = None
        return self.records
