"""The headings of a user's sidebar in a team, and which channels stand under which.

Three headings exist for every member of a team by rule: what the database does not hold of them is as here.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.chassis.errors import DomainError, Reason
from services.messaging.domain.access import DIRECT, GROUP

FAVORITES: Final = "favorites"
CHANNELS: Final = "channels"
DIRECT_MESSAGES: Final = "direct_messages"
CUSTOM: Final = "custom"

MAX_CATEGORIES: Final = 500
"""A user's headings in a team; far more than anybody can look at."""

_SORTINGS: Final = ("", "manual", "recent", "alpha")
_STEP: Final = 10
_MAX_NAME: Final = 64
_DEFAULTS: Final = (
    (FAVORITES, "Favorites", ""),
    (CHANNELS, "Channels", ""),
    (DIRECT_MESSAGES, "Direct Messages", "recent"),
)


@dataclass(frozen=True, slots=True)
class Category:
    """A heading, with the channels under it in their order."""

    id: str
    user_id: str
    team_id: str
    type: str
    display_name: str
    sorting: str
    sort_order: int
    muted: bool
    collapsed: bool
    channel_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """A channel that the user is in, and the heading that it was put under; empty for none."""

    channel_id: str
    channel_type: str
    category_id: str


def defaults(user_id: str, team_id: str) -> list[Category]:
    """Return the headings of a member who has changed nothing."""
    return [
        Category(f"{kind}_{user_id}_{team_id}", user_id, team_id, kind, name, sorting, number * _STEP, False, False)
        for number, (kind, name, sorting) in enumerate(_DEFAULTS)
    ]


def arrange(user_id: str, team_id: str, stored: Iterable[Category], placed: Sequence[Placed]) -> list[Category]:
    """Return all headings in their order, with the channels; those that are under none go under the default ones.

    `placed` is in the order of the channels: those that were put somewhere first.
    """
    known = {category.id: category for category in stored}
    for default in defaults(user_id, team_id):
        known.setdefault(default.id, default)
    under: dict[str, list[str]] = {category_id: [] for category_id in known}
    for channel in placed:
        here = channel.category_id if channel.category_id in known else _home(channel, user_id, team_id)
        under[here].append(channel.channel_id)
    ordered = sorted(known.values(), key=lambda category: (category.sort_order, category.id))
    return [replace(category, channel_ids=tuple(under[category.id])) for category in ordered]


def _home(channel: Placed, user_id: str, team_id: str) -> str:
    kind = DIRECT_MESSAGES if channel.channel_type in (DIRECT, GROUP) else CHANNELS
    return f"{kind}_{user_id}_{team_id}"


def new(asked: Category, present: Sequence[Category], member_of: Collection[str]) -> list[Category]:
    """Return a new custom heading behind the favorites, first, and then those that it moves on.

    Raises invalid_argument, categories_refused when there are too many.
    """
    _check(asked)
    if len(present) >= MAX_CATEGORIES:
        raise DomainError(Reason.CATEGORIES_REFUSED)
    made = replace(asked, type=CUSTOM, channel_ids=_known(asked.channel_ids, member_of))
    behind = next((number for number, other in enumerate(present, 1) if other.type == FAVORITES), 0)
    row = renumbered([*present[:behind], made, *present[behind:]])
    return [row[behind], *row[:behind], *row[behind + 1 :]]


def renumbered(row: Sequence[Category]) -> list[Category]:
    """Return the headings with the places that they have in the row."""
    return [replace(category, sort_order=number * _STEP) for number, category in enumerate(row)]


def changed(before: Category, asked: Category, member_of: Collection[str]) -> Category:
    """Return a heading as it is to be: what it is and where it stands are kept. Raises invalid_argument."""
    _check(asked)
    return replace(
        before,
        display_name=asked.display_name if before.type == CUSTOM else before.display_name,
        sorting=asked.sorting,
        muted=asked.muted and before.type != DIRECT_MESSAGES,
        collapsed=asked.collapsed,
        channel_ids=_known(asked.channel_ids, member_of),
    )


def remuted(before: Iterable[Category], after: Iterable[Category]) -> dict[str, bool]:
    """Return the channels that are muted or no longer, because their heading became so or they came under another."""
    was = {channel_id: category.muted for category in before for channel_id in category.channel_ids}
    return {
        channel_id: category.muted
        for category in after
        for channel_id in category.channel_ids
        if was.get(channel_id, category.muted) != category.muted
    }


def reordered(present: Sequence[Category], ids: Sequence[str]) -> list[Category]:
    """Return the headings in the order of `ids`. Raises categories_refused unless these are exactly their ids."""
    by_id = {category.id: category for category in present}
    if len(ids) != len(by_id) or set(ids) != by_id.keys():
        raise DomainError(Reason.CATEGORIES_REFUSED)
    return renumbered([by_id[id] for id in ids])


def owned(present: Sequence[Category], category_id: str) -> Category:
    """Return one of the headings. Raises permission_denied when it is none of them, like for somebody else's."""
    for category in present:
        if category.id == category_id:
            return category
    raise DomainError(Reason.PERMISSION_DENIED, permission="edit_other_users")


def require_custom(category: Category) -> None:
    """Raise categories_refused for a default heading, which cannot be removed."""
    if category.type != CUSTOM:
        raise DomainError(Reason.CATEGORIES_REFUSED)


def _known(channel_ids: Sequence[str], member_of: Collection[str]) -> tuple[str, ...]:
    """Return those of the channels that the user is in, each once."""
    return tuple(id for id in dict.fromkeys(channel_ids) if id in member_of)


def _check(asked: Category) -> None:
    wrong = len(asked.display_name) > _MAX_NAME or "\x00" in asked.display_name or asked.sorting not in _SORTINGS
    if wrong:
        raise DomainError(Reason.INVALID_ARGUMENT, field="category")
