"""Threads: who follows them, and what followers have not seen.

A follower's unread replies are the thread's replies minus those that it has seen, so that a reply writes to nobody but
its author, those whom it mentions, and those who begin to follow.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from services.messaging.domain.posts import Post

_LOUD: Final = "all"


@dataclass(frozen=True, slots=True)
class Collapsing:
    """Who reads replies in threads of their own, and who in channels."""

    usual: bool
    """Whether in threads, who has chosen nothing."""
    free: bool
    """Whether users may choose."""

    @staticmethod
    def of(setting: str) -> "Collapsing":
        """Return what CollapsedThreads says."""
        return Collapsing(setting in ("always_on", "default_on"), setting in ("default_on", "default_off"))

    def holds_for(self, chosen: bool | None) -> bool:
        """Say whether somebody who chose this, or nothing, reads replies in threads."""
        return self.usual if chosen is None or not self.free else chosen

    @property
    def for_everybody(self) -> bool:
        """Whether nobody reads replies in channels."""
        return self.usual and not self.free


@dataclass(frozen=True, slots=True)
class Following:
    """What a user has to do with a thread; times in ms since the epoch. Nothing yet while `known` is False."""

    root_id: str
    channel_id: str
    user_id: str
    known: bool = False
    following: bool = False
    last_viewed_at: int = 0
    replies_seen: int = 0
    unread_mentions: int = 0
    loud: bool = False
    """Whether its settings ask to be notified of every reply."""
    silent: bool = False
    """Whether they ask for none at all."""

    def unread(self, reply_count: int) -> int:
        """Return how many of the thread's replies it has not seen."""
        return max(reply_count - self.replies_seen, 0)


@dataclass(frozen=True, slots=True)
class FollowerChange:
    """A follower after a reply, and what was unread before it."""

    now: Following
    unread_replies: int
    previous_unread_replies: int
    previous_unread_mentions: int
    notified: bool


@dataclass(slots=True)
class ThreadState:
    """A thread as a batch of replies moves it on: those who have to do with it, and who follows by itself."""

    root_id: str
    channel_id: str
    people: dict[str, Following] = field(default_factory=dict)
    """Present members only."""
    joining: set[str] = field(default_factory=set)
    """Who begins to follow with the next reply: the root's author, whom the root mentions, who follows all threads."""
    changed: dict[str, Following] = field(default_factory=dict)

    def reply(
        self,
        author_id: str,
        at: int,
        reply_count: int,
        mentioned: Collection[str],
        *,
        author_follows: bool,
        auto_follow: bool,
    ) -> list[FollowerChange]:
        """Move the thread on by a reply; return its followers.

        `author_follows` unless the author is no member of the channel; `mentioned` are those who are addressed. Who
        stopped following begins again by replying or by being mentioned.
        """
        meant = set(mentioned)
        told = meant | {author_id} if author_follows else meant
        if auto_follow:
            beginning = {u for u in self.joining if u not in self.people or not self.people[u].known}
            for user_id in sorted(beginning | {u for u in told if not self._follows(u)}):
                person = self.people.get(user_id, Following(self.root_id, self.channel_id, user_id))
                self._set(replace(person, following=True))
        changes = []
        for user_id, person in self.people.items():
            if not person.following:
                continue
            is_new = not person.known
            is_meant = user_id in meant and user_id != author_id
            before = (0, 0) if is_new else (person.unread(reply_count - 1), person.unread_mentions)
            if user_id == author_id:
                person = replace(person, last_viewed_at=at, replies_seen=reply_count, unread_mentions=0)
                self._set(person)
            elif is_meant:
                person = replace(person, unread_mentions=person.unread_mentions + 1)
                self._set(person)
            notified = user_id != author_id and not person.silent and (person.loud or is_meant)
            changes.append(FollowerChange(person, person.unread(reply_count), *before, notified))
        for user_id in self.changed:
            self.people[user_id] = replace(self.people[user_id], known=True)
        return changes

    def _follows(self, user_id: str) -> bool:
        return user_id in self.people and self.people[user_id].following

    def _set(self, person: Following) -> None:
        known = self.changed.get(person.user_id)
        self.people[person.user_id] = person
        self.changed[person.user_id] = person if known is None else replace(person, known=known.known)


def loudness(channel_desktop: str, channel_threads: str, desktop: str, threads: str) -> tuple[bool, bool]:
    """Return whether settings ask to be notified of every reply of a followed thread, and whether of none at all.

    A channel's own setting, if it has one, comes before the user's.
    """
    if channel_desktop not in ("", "default"):
        return channel_desktop == _LOUD or channel_threads == _LOUD, channel_desktop == "none"
    return desktop == _LOUD or (threads or _LOUD) == _LOUD, desktop == "none"


def changed(threads: Iterable[ThreadState]) -> Sequence[Following]:
    """Return what is to be stored, in the order in which rows are locked."""
    found = [person for thread in threads for person in thread.changed.values()]
    return sorted(found, key=lambda person: (person.root_id, person.user_id))


@dataclass(frozen=True, slots=True)
class ThreadsQuery:
    """Which of the threads that a user follows; what is empty or 0 does not count."""

    user_id: str
    team_id: str
    per_page: int = 30
    before: str = ""
    after: str = ""
    since: int = 0
    unread: bool = False
    deleted: bool = False
    exclude_direct: bool = False


@dataclass(frozen=True, slots=True)
class FollowedThread:
    """A thread as one of its followers has it; times in ms since the epoch."""

    root: Post
    last_viewed_at: int
    unread_replies: int
    unread_mentions: int


@dataclass(frozen=True, slots=True)
class TeamUnread:
    """What a user has not seen in a team; posts of muted channels do not count."""

    team_id: str
    messages: int
    root_messages: int
    mentions: int
    root_mentions: int
    threads: int = 0
    thread_mentions: int = 0
