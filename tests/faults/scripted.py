"""A mesh in which nothing goes wrong, small enough for a test: it writes the history that clients would record."""

from dataclasses import dataclass, field
from typing import Any

from tests.faults.history import (
    SETTLED,
    Args,
    Done,
    End,
    Frame,
    Invoke,
    Kept,
    Open,
    Person,
    Reacted,
    Record,
    Shown,
    Value,
)

CHANNEL = "town"
EDGES = ("edge-1", "edge-2", "edge-3")


@dataclass
class Ear:
    """A socket that is open."""

    number: int
    client: str
    seq: int = 0


@dataclass
class Script:
    """Each call is an operation, acknowledged at once, and told to all members' sockets."""

    records: list[Record] = field(default_factory=list)
    posts: dict[str, Kept] = field(default_factory=dict)
    reactions: list[Reacted] = field(default_factory=list)
    members: set[str] = field(default_factory=set)
    ears: list[Ear] = field(default_factory=list)
    now: float = 100.0
    at: int = 1000
    ops: int = 0

    def person(self, name: str) -> str:
        """Somebody, whose id is the name."""
        self.records.append(Person(name, name))
        return name

    def create(self, client: str) -> None:
        """Make the channel."""
        self._do("create", client, Args(), Value(id=CHANNEL))
        self.members.add(client)

    def add(self, user: str, by: str = "ana") -> None:
        """Bring a user in."""
        number = self._invoke("add", by, Args(channel=CHANNEL, user=user))
        self.members.add(user)
        self._notice("system_add_to_channel", by, user)
        self._done(number, Value())

    def remove(self, user: str, by: str = "ana") -> None:
        """Take a user out."""
        number = self._invoke("remove", by, Args(channel=CHANNEL, user=user))
        self.members.discard(user)
        self._notice("system_remove_from_channel", by, user)
        self._done(number, Value())

    def post(self, client: str, root: str = "", **how: Any) -> str:
        """Post; return the id."""
        token = f"w{self.ops + 1}"
        number = self._invoke("post", client, Args(channel=CHANNEL, root=root, token=token), **how)
        made = f"p{number}"
        at = self._tick()
        self.posts[made] = Kept(made, at, at, 0, 0, client, root, "", token, "", 0)
        if root:
            self._change(root, reply_count=self.posts[root].reply_count + 1, update_at=at)
        self._tell("posted", made, at, client, token=token)
        self._done(number, Value(id=made, at=at))
        return made

    def edit(self, client: str, post: str) -> None:
        """Change the text."""
        token = f"w{self.ops + 1}"
        number = self._invoke("edit", client, Args(channel=CHANNEL, post=post, token=token))
        at = self._tick()
        self._change(post, update_at=at, edit_at=at, token=token)
        self._tell("post_edited", post, at, client, token=token)
        self._done(number, Value(at=at, edit_at=at))

    def delete(self, client: str, post: str) -> None:
        """Delete."""
        number = self._invoke("delete", client, Args(channel=CHANNEL, post=post))
        at = self._tick()
        for one in [*self.posts.values()]:
            if post in (one.id, one.root) and not one.delete_at:
                self._change(one.id, delete_at=at, update_at=at)
        self._tell("post_deleted", post, 0, client)
        self._done(number, Value())

    def react(self, client: str, post: str, emoji: str = "smile") -> None:
        """React."""
        number = self._invoke("react", client, Args(channel=CHANNEL, post=post, emoji=emoji))
        at = self._tick()
        self._change(post, update_at=at)
        self.reactions.append(Reacted(post, client, emoji, at))
        self._tell("reaction_added", post, at, client, emoji=emoji)
        self._done(number, Value(at=at))

    def unreact(self, client: str, post: str, emoji: str = "smile") -> None:
        """Take the reaction back."""
        number = self._invoke("unreact", client, Args(channel=CHANNEL, post=post, emoji=emoji))
        at = self._tick()
        self._change(post, update_at=at)
        gone = next(one for one in self.reactions if (one.post, one.user, one.emoji) == (post, client, emoji))
        self.reactions.remove(gone)
        self._tell("reaction_removed", post, gone.at, client, emoji=emoji)
        self._done(number, Value())

    def page(self, client: str, limit: int = 5, edge: str = "edge-1") -> int:
        """Read the newest page; return the operation's number."""
        number = self._invoke("page", client, Args(channel=CHANNEL, kind="newest", limit=limit), edge=edge)
        live = [post for post in self.posts.values() if not post.delete_at]
        newest = sorted(live, key=lambda post: -post.create_at)[:limit]
        shown = tuple(Shown(post.id, post.create_at, post.update_at) for post in newest)
        self._done(number, Value(posts=shown, reactions=tuple(self.reactions)))
        return number

    def thread(self, client: str, root: str) -> int:
        """Read a thread; return the operation's number."""
        number = self._invoke("thread", client, Args(channel=CHANNEL, root=root))
        posts = [post for post in self.posts.values() if root in (post.id, post.root) and not post.delete_at]
        self._done(number, Value(posts=tuple(Shown(post.id, post.create_at, post.update_at) for post in posts)))
        return number

    def statuses(self, client: str, **statuses: str) -> int:
        """Ask how people are; they answer what the test says."""
        number = self._invoke("statuses", client, Args(users=tuple(statuses)))
        self._done(number, Value(statuses=statuses))
        return number

    def sign_out(self, client: str, session: str) -> None:
        """End a session."""
        self._do("sign_out", client, Args(ends=session), Value(), session=session)

    def listen(self, client: str, edge: str = "edge-1", session: str = "") -> Ear:
        """Open a socket."""
        ear = Ear(len([record for record in self.records if isinstance(record, Open)]) + 1, client)
        self.records.append(Open(ear.number, self._step(), client, session or f"s-{client}", edge))
        self._frame(ear, "hello", id=f"connection-{ear.number}")
        self.ears.append(ear)
        return ear

    def resume(self, ear: Ear, edge: str) -> Ear:
        """Go on with an ear's connection elsewhere."""
        self.hang_up(ear, "1001")
        number = len([record for record in self.records if isinstance(record, Open)]) + 1
        resumes = f"connection-{ear.number}"
        again = Ear(number, ear.client, ear.seq)
        self.records.append(Open(number, self._step(), ear.client, f"s-{ear.client}", edge, resumes, ear.seq))
        self.ears.append(again)
        return again

    def hang_up(self, ear: Ear, how: str = "client") -> None:
        """End a socket."""
        self.ears.remove(ear)
        self.records.append(End(ear.number, self._step(), how))

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    def finish(self) -> list[Record]:
        """All comes to rest: sockets end, and the history is read at each edge."""
        for ear in [*self.ears]:
            self.hang_up(ear, SETTLED)
        for edge in EDGES:
            number = self._invoke("history", "ana", Args(channel=CHANNEL), edge=edge)
            self._done(number, Value(kept=tuple(self.posts.values()), reactions=tuple(self.reactions)))
        return self.records

    def _step(self) -> float:
        self.now += 0.001
        return self.now

    def _tick(self) -> int:
        self.at += 1
        return self.at

    def _change(self, post: str, **what: Any) -> None:
        kept = self.posts[post]
        values = {name: getattr(kept, name) for name in kept.__struct_fields__} | what
        self.posts[post] = Kept(**values)

    def _notice(self, kind: str, by: str, user: str) -> None:
        at = self._tick()
        made = f"n{at}"
        self.posts[made] = Kept(made, at, at, 0, 0, by, "", kind, "", user, 0)
        self._tell("posted", made, at, by)

    def _tell(self, event: str, post: str, changed: int, user: str, emoji: str = "", token: str = "") -> None:
        for ear in self.ears:
            if ear.client in self.members:
                self._frame(ear, event, id=post, changed=changed, user=user, emoji=emoji, token=token)

    def _frame(self, ear: Ear, event: str, **what: Any) -> None:
        channel = "" if event == "hello" else CHANNEL
        self.records.append(Frame(ear.number, self._step(), ear.seq, event, channel, **what))
        ear.seq += 1

    def _do(self, what: str, client: str, args: Args, value: Value, session: str = "") -> None:
        self._done(self._invoke(what, client, args, session=session), value)

    def _invoke(self, what: str, client: str, args: Args, edge: str = "edge-1", session: str = "") -> int:
        self.ops += 1
        self.records.append(Invoke(self.ops, self._step(), what, client, session or f"s-{client}", edge, args))
        return self.ops

    def _done(self, number: int, value: Value) -> None:
        self.records.append(Done(number, self._step(), "ok", value))
