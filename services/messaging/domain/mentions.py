"""Whom a post mentions: by name, everybody of the channel, or the others of a direct or group channel."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_NAME: Final = re.compile(r"@([a-zA-Z0-9][a-zA-Z0-9._-]*)")
_CODE: Final = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_EVERYBODY: Final = frozenset({"all", "channel", "here"})
_TRIMMED: Final = "._-"


@dataclass(frozen=True, slots=True)
class Addressed:
    """What a text addresses: possible usernames in lower case, and whether everybody."""

    usernames: frozenset[str]
    everybody: bool


NOBODY: Final = Addressed(frozenset(), everybody=False)


def addressed(message: str) -> Addressed:
    """Return what a text addresses. Code is not read; `.`, `-` or `_` after a name may belong to the text."""
    if "@" not in message:
        return NOBODY
    names: set[str] = set()
    for match in _NAME.finditer(_CODE.sub(" ", message)):
        word = match.group(1).lower()
        names.add(word)
        while word and word[-1] in _TRIMMED:
            word = word[:-1]
            names.add(word)
    return Addressed(frozenset(names - _EVERYBODY - {""}), everybody=bool(names & _EVERYBODY))


def mentioned(
    author_id: str,
    text: Addressed,
    *,
    may_address_everybody: bool,
    named: Mapping[str, str],
    members: Sequence[str],
    members_always: bool,
) -> list[str]:
    """Return the ids of those whom a post mentions, sorted; never its author.

    `named` maps usernames to ids of members; `members` are all members when everybody is meant, which in direct and
    group channels (`members_always`) is every post.
    """
    ids = {named[name] for name in text.usernames if name in named}
    if members_always or (text.everybody and may_address_everybody):
        ids.update(members)
    ids.discard(author_id)
    return sorted(ids)
