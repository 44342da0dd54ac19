"""Which names are the system's, and which a custom emoji may have."""

import pytest

from services.chassis.errors import DomainError, Reason
from services.messaging.domain import emoji
from services.messaging.domain.access import Roles

SMILE = emoji.Emoji("e", "party", "ana", 1, 1)


@pytest.mark.parametrize(
    "name", ["smile", "+1", "thumbsup", "flag-de", "woman-running", "wave_dark_skin_tone", "+1_medium_light_skin_tone"]
)
def test_names_of_the_system(name: str) -> None:
    assert emoji.is_system(name)
    with pytest.raises(DomainError) as refused:
        emoji.check_name(name)
    assert refused.value.facts == {"fault": "system_emoji_name"}


@pytest.mark.parametrize("name", ["party-parrot", "smile_dark_skin_tone", "skin_tone", "Smile", "wave_green_skin_tone"])
def test_names_that_are_free(name: str) -> None:
    assert not emoji.is_system(name)
    emoji.check_name(name)


@pytest.mark.parametrize("name", ["", "with space", "colon:", "x" * 65, "ü"])
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(DomainError) as refused:
        emoji.check_name(name)
    assert (refused.value.reason, refused.value.facts) == (Reason.INVALID_EMOJI, {"fault": "name"})


def test_who_may_make_and_remove_them() -> None:
    emoji.require_create(["system_user"], [])
    emoji.require_delete(SMILE, "ana", ["system_user"], [])
    emoji.require_delete(SMILE, "ben", ["system_admin"], [])
    for maker in (["system_guest"], []):
        with pytest.raises(DomainError) as error:
            emoji.require_create(maker, [Roles()])
        assert error.value.reason is Reason.PERMISSION_DENIED
    with pytest.raises(DomainError) as error:
        emoji.require_delete(SMILE, "ben", ["system_user"], [Roles(scheme_admin=True)])
    assert error.value.reason is Reason.PERMISSION_DENIED


def test_custom_names_are_looked_for_in_text_and_reactions() -> None:
    assert emoji.custom_names("no colon") == set()
    assert emoji.custom_names("::party_bird: and :smile: at 10:30:45", ["tada", "dance"]) == {
        "party_bird",
        "30",
        "dance",
    }
