"""Searches for channels, and channels and memberships with their teams."""

from collections.abc import Sequence
from typing import Any, Final

from chorus.messaging.v1 import channel_directory_pb2 as pb
from services.chassis.errors import DomainError, Reason
from services.chassis.ids import is_valid_id
from services.edge.dialect.channels import channel_json
from services.edge.dialect.members import member_json
from services.edge.dialect.requests import ChannelSearchBody

Question = pb.SearchChannelsRequest

OPEN: Final = pb.SEARCH_SCOPE_OPEN
"""Among a team's open channels."""
OF_TEAM: Final = pb.SEARCH_SCOPE_TEAM
"""Among these and the private ones that the caller is in."""
OWN: Final = pb.SEARCH_SCOPE_OWN
"""Among those of a team that the caller is in, and its direct and group ones."""
GROUPS: Final = pb.SEARCH_SCOPE_GROUPS
"""Among the caller's group channels."""

SUGGESTED: Final = 50
"""Channels that are proposed while somebody types."""

FOUND: Final = 100
"""Channels that a search answers at most."""

MAX_COUNTED: Final = 1000
_MAX_TERM_BYTES: Final = 1024
_MAX_TEAMS: Final = 1000
_MAX_PER_PAGE: Final = 1000
_PAGE_OF_CONSOLE: Final = 100


def in_team(team_id: str, term: str, scope: pb.SearchScope.ValueType) -> Question:
    """Return the question for a team's channels, archived ones too, that are proposed while somebody types."""
    return Question(scope=scope, team_id=team_id, term=_term(term), include_deleted=True, per_page=SUGGESTED)


def page_of_team(
    team_id: str, page: int, per_page: int, *, console: bool, types: Sequence[str] = (), deleted: bool = False
) -> Question:
    """Return the question for a page of a team's channels; for the console all, if `deleted` archived ones alone."""
    return Question(
        scope=pb.SEARCH_SCOPE_EVERYTHING if console else pb.SEARCH_SCOPE_TEAM,
        team_id=team_id,
        team_ids=(team_id,),
        types=types,
        only_deleted=deleted,
        page=page,
        per_page=per_page,
    )


def of_term(body: ChannelSearchBody, scope: pb.SearchScope.ValueType, team_id: str = "") -> Question:
    """Return the question for the channels that a term finds. Raises invalid_argument."""
    if body.term is None:
        raise DomainError(Reason.INVALID_ARGUMENT, field="channel_search")
    return Question(scope=scope, team_id=team_id, term=_term(body.term), include_deleted=True, per_page=FOUND)


def everywhere(body: ChannelSearchBody, *, console: bool, include_deleted: bool) -> Question:
    """Return the question for channels of all teams: every one for the console. Raises invalid_argument."""
    team_ids = body.team_ids or ()
    if len(team_ids) > _MAX_TEAMS or not all(map(is_valid_id, team_ids)):
        raise DomainError(Reason.INVALID_ARGUMENT, field="team_ids")
    page, per_page = body.page or 0, body.per_page or _PAGE_OF_CONSOLE
    if not (0 <= page < 2**31 and 0 < per_page <= _MAX_PER_PAGE):
        raise DomainError(Reason.INVALID_ARGUMENT, field="page")
    return Question(
        scope=pb.SEARCH_SCOPE_EVERYTHING if console else pb.SEARCH_SCOPE_ALL_TEAMS,
        term=_term(body.term or ""),
        types=[kind for kind, wanted in (("O", body.public), ("P", body.private)) if wanted],
        team_ids=team_ids,
        include_deleted=include_deleted or bool(body.include_deleted),
        only_deleted=bool(body.deleted),
        page=page,
        per_page=per_page,
    )


def is_paged(body: ChannelSearchBody) -> bool:
    """Say whether the answer is to be a page with the number of all."""
    return body.page is not None and body.per_page is not None


def with_team_json(found: pb.FoundChannel) -> dict[str, Any]:
    """Return a channel with its team."""
    return channel_json(found.channel) | _team(found)


def member_with_team_json(found: pb.MemberWithTeam) -> dict[str, Any]:
    """Return a membership with its channel's team; none for direct and group channels."""
    return member_json(found.member) | _team(found)


def post_place_json(place: pb.LocatePostResponse) -> dict[str, Any]:
    """Return where a post is."""
    return {
        "channel_id": place.channel_id,
        "channel_type": place.channel_type,
        "channel_display_name": place.channel_display_name,
        "has_joined_channel": place.in_channel,
        "team_id": place.team_id,
        "team_type": place.team_type,
        "team_display_name": place.team_display_name,
        "has_joined_team": place.in_team,
    }


def _team(found: pb.FoundChannel | pb.MemberWithTeam) -> dict[str, Any]:
    return {
        "team_display_name": found.team_display_name,
        "team_name": found.team_name,
        "team_update_at": found.team_update_at_ms,
    }


def _term(text: str) -> str:
    """Return what is searched for: people write channels with a tilde. Raises invalid_argument."""
    term = text.strip().removeprefix("~")
    try:
        too_long = len(term.encode()) > _MAX_TERM_BYTES
    except UnicodeEncodeError:
        too_long = True
    if too_long or "\x00" in term:
        raise DomainError(Reason.INVALID_ARGUMENT, field="term")
    return term
