"""Which roles a member may be given."""

import pytest

from services.chassis.errors import DomainError, Reason
from services.messaging.domain.access import Roles
from services.messaging.domain.member_roles import CHANNEL, TEAM, Asked, given

MEMBER, GUEST = Roles(), Roles(scheme_guest=True, scheme_user=False)


def test_flags_leave_the_explicit_roles_alone_and_names_give_all() -> None:
    before = Roles(explicit_roles="team_post_all")
    assert given(TEAM, before, Asked(user=True, admin=True)) == Roles(scheme_admin=True, explicit_roles="team_post_all")
    assert given(TEAM, before, Asked(names="team_user team_post_all_public")) == Roles(
        explicit_roles="team_post_all_public"
    )


@pytest.mark.parametrize(
    ("before", "asked", "fault"),
    [
        (MEMBER, Asked(guest=True, user=True), "guest_and_user"),
        (MEMBER, Asked(guest=True), "changing_guest_role"),
        (GUEST, Asked(user=True), "changing_guest_role"),
        (MEMBER, Asked(admin=True), "unset_user_scheme"),
        (MEMBER, Asked(names="channel_user system_admin"), "scheme_role"),
        (MEMBER, Asked(names="channel_user nothing_such"), "scheme_role"),
        (MEMBER, Asked(names="channel_user team_admin"), "scheme_role"),
    ],
)
def test_what_a_membership_cannot_give_is_refused(before: Roles, asked: Asked, fault: str) -> None:
    with pytest.raises(DomainError) as refused:
        given(CHANNEL, before, asked)
    assert refused.value.reason is Reason.INVALID_MEMBER_ROLES
    assert refused.value.facts == {"scope": "channel", "fault": fault}
