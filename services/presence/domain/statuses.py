"""What a user's status is: by hand, or from sockets and activity.

A status set by hand stands until it is lifted, whatever sockets do. Otherwise a user with a socket is online, or away
when nothing was done for long, and a user without one is offline. Somebody who says "online" without having a socket (a
script) is believed for as long as an idle user stays online, or until a socket of theirs closes.
"""

from dataclasses import dataclass, replace
from typing import Final

from services.chassis.errors import DomainError, Reason
from services.chassis.permissions import granted

ONLINE: Final = "online"
AWAY: Final = "away"
DND: Final = "dnd"
OFFLINE: Final = "offline"

_BY_HAND: Final = frozenset({AWAY, DND, OFFLINE})


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks."""

    user_id: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StatusRow:
    """A user's status as it is kept; times in ms since the epoch, but dnd_end_time_s in seconds, as clients have it.

    `status` is what was last shown. `prev_status` is the status by hand that do-not-disturb took the place of, empty
    when that one was automatic. `vouched_at` is when the user said "online"; 0 once a socket of theirs has closed.
    """

    user_id: str
    status: str = OFFLINE
    manual: bool = False
    prev_status: str = ""
    dnd_end_time_s: int = 0
    last_activity_at: int = 0
    vouched_at: int = 0


def effective_status(row: StatusRow, has_sockets: bool | None, last_activity: int, now: int, *, away_after: int) -> str:
    """Return what the user's status should be now; times in ms.

    `has_sockets` is None while nobody can tell, as after a loss of Redis: then nobody goes offline.
    """
    if row.manual:
        return row.status
    if not has_sockets:
        vouched = now - row.vouched_at < away_after
        return ONLINE if vouched else row.status if has_sockets is None else OFFLINE
    return AWAY if now - last_activity >= away_after else ONLINE


def settled(
    row: StatusRow,
    *,
    has_sockets: bool | None,
    last_activity: int,
    lost: bool,
    now: int,
    away_after: int,
) -> StatusRow:
    """Return the row brought up to date; `lost` says that a socket of the user's has gone."""
    if lost and not has_sockets:
        row = replace(row, vouched_at=0)
    last_activity = max(row.last_activity_at, last_activity)
    status = effective_status(row, has_sockets, last_activity, now, away_after=away_after)
    return replace(row, status=status, last_activity_at=last_activity)


def chosen(row: StatusRow, status: str, dnd_end_time_s: int, now: int) -> StatusRow:
    """Return the row after the user chose a status. Raises invalid_status."""
    if status == ONLINE:
        return StatusRow(row.user_id, ONLINE, last_activity_at=now, vouched_at=now)
    if status not in _BY_HAND:
        raise DomainError(Reason.INVALID_STATUS, status=status[:32])
    changed = replace(row, status=status, manual=True, prev_status="", dnd_end_time_s=0, last_activity_at=now)
    if status != DND:
        return changed
    before = row.prev_status if row.status == DND else row.status if row.manual else ""
    return replace(changed, prev_status=before, dnd_end_time_s=max(0, dnd_end_time_s) // 60 * 60)


def after_dnd(row: StatusRow) -> StatusRow:
    """Return the row once its do-not-disturb is over: what was set by hand before, or automatic again."""
    return replace(
        row, status=row.prev_status or OFFLINE, manual=bool(row.prev_status), prev_status="", dnd_end_time_s=0
    )


def dnd_is_over(row: StatusRow, now: int) -> bool:
    """Say whether the row's do-not-disturb has ended."""
    return row.status == DND and 0 < row.dnd_end_time_s * 1000 <= now


def require_may_set(actor: Actor, user_id: str) -> None:
    """Raise permission_denied unless the actor is the user or may edit others."""
    if actor.user_id != user_id and not granted(actor.roles, "edit_other_users"):
        raise DomainError(Reason.PERMISSION_DENIED, permission="edit_other_users")
