"""Presence is true: what follows from hand, sockets and activity."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.errors import DomainError, Reason
from services.presence.domain.statuses import (
    AWAY,
    DND,
    OFFLINE,
    ONLINE,
    Actor,
    StatusRow,
    after_dnd,
    chosen,
    dnd_is_over,
    effective_status,
    require_may_set,
    settled,
)

NOW = 1_700_000_000_000
AWAY_AFTER = 300_000
USER = "u" * 26


def status(row: StatusRow, has_sockets: bool | None, active: int = NOW) -> str:
    return effective_status(row, has_sockets, active, NOW, away_after=AWAY_AFTER)


@pytest.mark.parametrize(
    ("has_sockets", "idle_ms", "expected"),
    [
        (True, 0, ONLINE),
        (True, AWAY_AFTER - 1, ONLINE),
        (True, AWAY_AFTER, AWAY),
        (False, 0, OFFLINE),
        (False, AWAY_AFTER, OFFLINE),
    ],
)
def test_an_automatic_status_follows_sockets_and_activity(has_sockets: bool, idle_ms: int, expected: str) -> None:
    assert status(StatusRow(USER, ONLINE), has_sockets, NOW - idle_ms) == expected


@pytest.mark.parametrize("shown", [ONLINE, AWAY, OFFLINE])
def test_nobody_changes_while_sockets_are_unknown(shown: str) -> None:
    assert status(StatusRow(USER, shown), None, NOW - AWAY_AFTER) == shown


@given(
    st.sampled_from([AWAY, DND, OFFLINE]),
    st.sampled_from([True, False, None]),
    st.integers(0, 2 * NOW),
    st.booleans(),
)
def test_a_status_by_hand_stands_whatever_happens(
    by_hand: str, has_sockets: bool | None, active: int, lost: bool
) -> None:
    row = chosen(StatusRow(USER, ONLINE), by_hand, 0, NOW - 1)
    after = settled(row, has_sockets=has_sockets, last_activity=active, lost=lost, now=NOW, away_after=AWAY_AFTER)
    assert (after.status, after.manual) == (by_hand, True)


def test_who_says_online_without_a_socket_is_believed_for_a_while_and_until_a_socket_closes() -> None:
    row = chosen(StatusRow(USER), ONLINE, 0, NOW)
    assert (row.status, row.manual) == (ONLINE, False)
    common = {"has_sockets": False, "last_activity": 0, "away_after": AWAY_AFTER}
    assert settled(row, lost=False, now=NOW + AWAY_AFTER - 1, **common).status == ONLINE  # type: ignore[arg-type]
    assert settled(row, lost=False, now=NOW + AWAY_AFTER, **common).status == OFFLINE  # type: ignore[arg-type]
    assert settled(row, lost=True, now=NOW + 1, **common).status == OFFLINE  # type: ignore[arg-type]


def test_online_lifts_what_was_set_by_hand() -> None:
    row = chosen(chosen(StatusRow(USER, ONLINE), DND, NOW // 1000 + 600, NOW), ONLINE, 0, NOW + 1)
    assert (row.status, row.manual, row.prev_status, row.dnd_end_time_s) == (ONLINE, False, "", 0)


@pytest.mark.parametrize("wrong", ["ooo", "", "Online", "busy"])
def test_other_statuses_are_invalid(wrong: str) -> None:
    with pytest.raises(DomainError) as caught:
        chosen(StatusRow(USER), wrong, 0, NOW)
    assert caught.value.reason is Reason.INVALID_STATUS


def test_do_not_disturb_ends_on_the_minute_and_gives_back_what_was_before() -> None:
    end = NOW // 1000 + 119
    automatic = chosen(StatusRow(USER, ONLINE), DND, end, NOW)
    assert automatic.dnd_end_time_s == end - end % 60
    assert not dnd_is_over(automatic, automatic.dnd_end_time_s * 1000 - 1)
    assert dnd_is_over(automatic, automatic.dnd_end_time_s * 1000)
    assert not after_dnd(automatic).manual

    by_hand = chosen(chosen(StatusRow(USER, ONLINE), AWAY, 0, NOW), DND, end, NOW)
    again = chosen(by_hand, DND, end + 600, NOW)
    assert (after_dnd(again).status, after_dnd(again).manual) == (AWAY, True)


def test_do_not_disturb_without_an_end_never_ends() -> None:
    assert not dnd_is_over(chosen(StatusRow(USER, ONLINE), DND, -5, NOW), 10 * NOW)


def test_only_oneself_or_an_editor_sets_a_status() -> None:
    require_may_set(Actor(USER, ("system_user",)), USER)
    require_may_set(Actor("a" * 26, ("system_user", "system_admin")), USER)
    with pytest.raises(DomainError) as caught:
        require_may_set(Actor("a" * 26, ("system_user",)), USER)
    assert caught.value.reason is Reason.PERMISSION_DENIED
