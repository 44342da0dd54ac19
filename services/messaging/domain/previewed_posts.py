"""Posts that others link to by permalinks."""

from dataclasses import dataclass
from typing import NamedTuple

from services.messaging.domain.adornments import Adornments
from services.messaging.domain.posts import Post


class Viewing(NamedTuple):
    """Somebody reads something that links to a post."""

    user_id: str
    roles: tuple[str, ...]
    post_id: str


@dataclass(frozen=True, slots=True)
class Previewed:
    """A post as it is shown beneath another; names are empty for direct and group channels."""

    post: Post
    adornments: Adornments
    channel_type: str
    channel_display_name: str
    team_name: str
    team_id: str
