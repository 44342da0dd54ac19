"""Answers of a wrong shape are caught."""

import json

import pytest

from tests.coverage import shapes

MEMBER = {
    "team_id": "t",
    "user_id": "u",
    "roles": "team_user",
    "delete_at": 0,
    "scheme_guest": False,
    "scheme_user": True,
    "scheme_admin": False,
    "explicit_roles": "",
}


def test_the_right_shape_passes() -> None:
    shapes.check("[TeamMember]", json.dumps([MEMBER]).encode())
    shapes.check("TeamMember|[TeamMember]", json.dumps([MEMBER]).encode())
    shapes.check("{[TeamMember]}", json.dumps({"u": [MEMBER]}).encode())


@pytest.mark.parametrize(
    "value",
    [
        MEMBER,
        None,
        [MEMBER | {"delete_at": "0"}],
        [MEMBER | {"roles": None}],
        [MEMBER | {"invented": 1}],
        [{key: value for key, value in MEMBER.items() if key != "roles"}],
    ],
)
def test_a_wrong_one_does_not(value: object) -> None:
    with pytest.raises(shapes.WrongShape):
        shapes.check("[TeamMember]", json.dumps(value).encode())
