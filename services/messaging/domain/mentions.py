"""Whom a post mentions: by name or keyword, everybody of the channel, or the others of a direct or group channel.

A text is cut into words; each word is tried as a whole, then without the punctuation at its end, then in pieces. Which
of these means somebody, the channel's members decide; so a text is first compared with all keywords that there are.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

_WORD: Final = re.compile(r"[\w:.@-]+")
_LEADING: Final = ":.-_"
_TRAILING: Final = ".-:_"
_SEPARATORS: Final = re.compile(r"[.:-]+")
_EVERYBODY: Final = frozenset({"@all", "@channel"})
_HERE: Final = "@here"
_NO_NAMES: Final = _EVERYBODY | {_HERE, "@"}

_UNREAD: Final = re.compile(
    r"(?ms)"
    r"^ {0,3}(?P<fence>```+|~~~+).*?(?:^ {0,3}(?P=fence)[`~]*[ \t]*$|\Z)"  # a fenced block of code
    r"|(?:\A|\n[ \t]*\n)(?:(?: {4}|\t)[^\n]*(?:\n|\Z))+"  # an indented one
    r"|(?P<ticks>(?<!`)`+(?!`)).*?(?<!`)(?P=ticks)(?!`)"  # code in a line
    r"|(?<=\])\([^)\n]*\)"  # where a link leads to
    r"|<?\b(?:https?|ftp)://[^\s>]*>?|\bwww\.[^\s>]*"
)
_MAY_BE_UNREAD: Final = re.compile(r"`|~~~|\]\(|://|www\.|(?:\A|\n)(?: {4}|\t)")


@dataclass(frozen=True, slots=True)
class Word:
    """One word's forms in order: the first of `whole` that means somebody counts, else each of `pieces` that does."""

    whole: tuple[str, ...]
    pieces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Addressed:
    """What a text addresses: words that may mean somebody, whether everybody, and whether everybody who is here."""

    words: tuple[Word, ...] = ()
    everybody: bool = False
    here: bool = False
    usernames: frozenset[str] = frozenset()
    """The usernames that may be meant, in lower case."""
    keywords: frozenset[str] = frozenset()
    """The forms that are somebody's keyword."""


NOBODY: Final = Addressed()


class Keywords:
    """All words by which any user is mentioned; too many are harmless, since the database decides."""

    def __init__(self) -> None:
        """Know none."""
        self._known: set[str] = set()
        self._wide: set[str] = set()

    def add(self, words: Collection[str]) -> None:
        """Know more words."""
        self._known.update(word.lower() for word in words)
        # Languages without spaces between words: these keywords are looked for inside of words.
        self._wide.update(word.lower() for word in words if not word.isascii())

    def __bool__(self) -> bool:
        """Whether any is known."""
        return bool(self._known)

    def __contains__(self, form: object) -> bool:
        """Whether a form of a word is one of them."""
        return isinstance(form, str) and form.lower() in self._known

    def inside(self, word: str) -> list[str]:
        """Return the keywords in a word of a language without spaces."""
        if not self._wide or word.isascii():
            return []
        lowered = word.lower()
        return [key for key in self._wide if key in lowered]


def addressed(text: str, keywords: Keywords) -> Addressed:
    """Return what a text addresses. Code and the targets of links are not read."""
    if "@" not in text and not keywords:
        return NOBODY
    words: list[Word] = []
    everybody = here = False
    for found in _WORD.findall(readable(text)):
        if "@" not in found and found.isalnum() and found.isascii():
            if found in keywords:
                words.append(Word((found,)))
            continue
        if found[0] == ":" and found[-1] == ":":
            continue
        word = _word(found.lstrip(_LEADING), keywords)
        if word is None:
            continue
        lowered = {form.lower() for form in word.whole}
        everybody = everybody or bool(lowered & _EVERYBODY)
        here = here or _HERE in lowered
        words.append(word)
    if not words:
        return NOBODY
    forms = {form for word in words for form in (*word.whole, *word.pieces)}
    names = {form[1:].lower() for form in forms if form[0] == "@" and form.lower() not in _NO_NAMES}
    return Addressed(tuple(words), everybody, here, frozenset(names), frozenset(f for f in forms if f in keywords))


def _word(found: str, keywords: Keywords) -> Word | None:
    """Return those forms of a word that may mean somebody; None without any."""
    whole = [found] if found else []
    while found and found[-1] in _TRAILING:
        found = found[:-1]
        whole.append(found)
    whole = [form for form in whole if form[:1] == "@" or form in keywords]
    pieces = [form for form in _SEPARATORS.split(found) if form[:1] == "@" or form in keywords]
    pieces += keywords.inside(found)
    return Word(tuple(whole), tuple(pieces)) if whole or pieces else None


def readable(text: str) -> str:
    """Return what is read of a text: neither code nor where links lead to."""
    return _UNREAD.sub("\n", text) if _MAY_BE_UNREAD.search(text) else text


def spoken(message: str, props: str) -> str:
    """Return all text of a post in which somebody may be mentioned: the message, and what attachments say."""
    if '"attachments"' not in props:
        return message
    attachments = _object(props).get("attachments")
    texts = [message]
    for attachment in attachments if isinstance(attachments, list) else ():
        if isinstance(attachment, dict):
            fields = attachment.get("fields")
            values = [f.get("value") for f in fields if isinstance(f, dict)] if isinstance(fields, list) else []
            texts += [t for t in (attachment.get("pretext"), attachment.get("text"), *values) if isinstance(t, str)]
    return "\n\n".join(texts)


def made_by_integration(props: str) -> tuple[bool, bool]:
    """Say whether a post's props tell of a webhook, and of a bot: nobody has seen the channel by writing it."""
    if '"from_' not in props:
        return False, False
    given = _object(props)
    return given.get("from_webhook") == "true", given.get("from_bot") == "true"


def _object(props: str) -> dict[str, Any]:
    try:
        found = json.loads(props)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True)
class Audience:
    """Who may be meant in a channel: ids by "@username" and by keyword, all members, and those of them to be told.

    `told` are the members who let @channel reach them; `online` those of them who are here, None if nobody could say.
    """

    named: Mapping[str, Collection[str]]
    members: Sequence[str] = ()
    told: Sequence[str] = ()
    online: Collection[str] | None = None


def mentioned(
    author_id: str,
    text: Addressed,
    audience: Audience,
    *,
    may_address_everybody: bool,
    always: bool,
    author_too: bool = False,
) -> list[str]:
    """Return the ids of those whom a post mentions, sorted; of its author only if `author_too`.

    `always` is said of direct and group channels, where each post mentions all members.
    """
    ids: set[str] = set()
    for word in text.words:
        meant = next((found for form in word.whole if (found := _meant(form, audience))), None)
        if meant is not None:
            ids.update(meant)
        elif word.pieces:
            for form in word.pieces:
                ids.update(_meant(form, audience))
    if always:
        ids.update(audience.members)
    elif may_address_everybody:
        if text.everybody:
            ids.update(audience.told)
        elif text.here:
            online = audience.online
            ids.update(audience.told if online is None else (u for u in audience.told if u in online))
    if not author_too:
        ids.discard(author_id)
    return sorted(ids)


def _meant(form: str, audience: Audience) -> Collection[str]:
    return audience.named.get(form) or audience.named.get(form.lower()) or ()
