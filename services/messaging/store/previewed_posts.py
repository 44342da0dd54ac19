"""Where posts are that others link to."""

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from services.chassis.database import Row, Statement

_PLACES: Final = """
SELECT p.id, c.type, CASE WHEN c.type IN ('D', 'G') THEN '' ELSE c.display_name END, COALESCE(t.name, ''),
       c.team_id
FROM posts p JOIN channels c ON c.id = p.channel_id LEFT JOIN teams t ON t.id = c.team_id
WHERE p.id = ANY(%(ids)s) AND p.original_id = ''"""


class Place(NamedTuple):
    """The channel of a post as it is shown with it."""

    post_id: str
    channel_type: str
    channel_display_name: str
    team_name: str
    team_id: str


def placing(post_ids: Collection[str]) -> Statement:
    """Return the statement that reads where posts are; see `places`."""
    return _PLACES, {"ids": list(post_ids)}


def places(rows: Sequence[Row]) -> dict[str, Place]:
    """Read what the statement answered, by post id."""
    return {row[0]: Place(*row) for row in rows}
