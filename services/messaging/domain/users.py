"""What messaging keeps of auth's users."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class User:
    """A user as auth's log last told of it; times in ms since the epoch."""

    id: str
    username: str
    nickname: str = ""
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    locale: str = ""
    roles: Sequence[str] = ()
    is_bot: bool = False
    notify_props: Mapping[str, str] = field(default_factory=dict)
    update_at: int = 0
    delete_at: int = 0
    timezone: str = ""
    """Where the user is, as in the IANA database; empty when it is not known."""
    collapsed_threads: bool | None = None
    """Whether it chose to read replies in threads of their own or in channels; None when it chose nothing."""

    @property
    def is_guest(self) -> bool:
        """Whether the user is a guest, who sees only the channels it is in."""
        return "system_guest" in self.roles

    @property
    def keywords(self) -> set[tuple[str, bool]]:
        """The words by which it is mentioned besides its username: (word, whether only as it is written)."""
        if self.delete_at:
            return set()
        words = {
            (word, False)
            for key in self.notify_props.get("mention_keys", "").split(",")
            if (word := key.strip().lower())
        }
        if self.notify_props.get("first_name") == "true" and self.first_name:
            words.add((self.first_name, True))
        return words
