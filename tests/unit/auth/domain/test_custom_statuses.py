"""What a custom status may say, and how it and the latest ones are kept."""

import json

import pytest

from services.auth.domain import custom_statuses as rules
from services.auth.domain.custom_statuses import CustomStatus
from services.auth.domain.users import User
from services.chassis.errors import DomainError

NOW = 1_700_000_000_000
LUNCH = CustomStatus("pizza", "at lunch", "one_hour", NOW + 3_600_000)


@pytest.mark.parametrize(
    "status",
    [
        CustomStatus("", "", "", 0),
        CustomStatus("", "   ", "", 0),
        CustomStatus("pizza", "", "a_century", 0),
        CustomStatus("pizza", "", "one_hour", NOW - 1),
        CustomStatus("pizza", "", "", 10**15),
        CustomStatus("piz\x00za", "", "", 0),
    ],
)
def test_a_status_that_cannot_be(status: CustomStatus) -> None:
    with pytest.raises(DomainError, match="invalid_custom_status"):
        rules.checked(status, NOW)


def test_what_is_left_out_is_filled_in() -> None:
    assert rules.checked(LUNCH, NOW) == LUNCH
    assert rules.checked(CustomStatus("", " hi ", "", 0), NOW) == CustomStatus("speech_balloon", "hi", "", 0)
    assert rules.checked(CustomStatus("pizza", "", "", NOW + 1), NOW).duration == "date_and_time"
    assert len(rules.checked(CustomStatus("", "x" * 200, "", 0), NOW).text) == 100


def test_it_is_kept_as_text_among_the_other_properties() -> None:
    user = User(id="u", create_at=1, update_at=1, username="ann", email="a@b", props={"mine": "kept"})
    said = rules.saying(user, LUNCH)
    assert json.loads(said.props["customStatus"]) == {
        "emoji": "pizza",
        "text": "at lunch",
        "duration": "one_hour",
        "expires_at": "2023-11-14T23:13:20.000Z",
    }
    assert json.loads(rules.saying(user, CustomStatus("x", "y", "", 0)).props["customStatus"])["expires_at"] == (
        "0001-01-01T00:00:00Z"
    )
    assert rules.saying(said, None) == user


def test_the_latest_ones_are_five_each_text_once_and_can_be_forgotten() -> None:
    kept = ""
    for text in ("a", "b", "c", "d", "e", "f", "c"):
        kept = rules.latest(kept, CustomStatus("x", text, "", 0))
    assert [one["text"] for one in json.loads(kept)] == ["c", "f", "e", "d", "b"]
    left = rules.without(kept, CustomStatus("x", "f", "", NOW))
    assert [one["text"] for one in json.loads(left)] == ["c", "e", "d", "b"]
    assert rules.without(left, CustomStatus("other", "e", "", 0)) == left


@pytest.mark.parametrize("kept", ["", "no json", '{"an":"object"}', "[1, 2]", "null"])
def test_what_a_client_wrote_there_harms_nobody(kept: str) -> None:
    assert [one["text"] for one in json.loads(rules.latest(kept, LUNCH))] == ["at lunch"]
