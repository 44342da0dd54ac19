"""What is shown with posts and is no part of them: reactions, and the custom emoji that they and the texts name."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from services.messaging.domain.emoji import Emoji, custom_names
from services.messaging.domain.posts import Post
from services.messaging.domain.reactions import Reaction


@dataclass(frozen=True, slots=True)
class Adornments:
    """For some posts: reactions by post, oldest first, and custom emoji by name."""

    reactions: Mapping[str, Sequence[Reaction]] = field(default_factory=dict)
    emoji: Mapping[str, Emoji] = field(default_factory=dict)
    emoji_seq: int | None = None
    """Which change of an emoji was the last one before these were read; None when no name may be that of one."""

    def reactions_to(self, post: Post) -> Sequence[Reaction]:
        """Return a post's reactions."""
        return self.reactions.get(post.id, ())

    def emoji_of(self, post: Post) -> list[Emoji]:
        """Return a post's custom emoji, by name."""
        if not self.emoji:
            return []
        names = custom_names(post.message, (reaction.emoji_name for reaction in self.reactions_to(post)))
        return [self.emoji[name] for name in sorted(names & self.emoji.keys())]


def by_post(reactions: Iterable[Reaction]) -> dict[str, list[Reaction]]:
    """Return reactions by their posts, in their order."""
    found: dict[str, list[Reaction]] = {}
    for reaction in reactions:
        found.setdefault(reaction.post_id, []).append(reaction)
    return found


def names_in(posts: Iterable[Post], reactions: Iterable[Reaction]) -> set[str]:
    """Return the names in posts and reactions that may be those of custom emoji."""
    names = custom_names("", {reaction.emoji_name for reaction in reactions})
    return names.union(*(custom_names(post.message) for post in posts))
