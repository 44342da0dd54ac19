"""What authors are told of those whom they did not reach."""

import json

from services.messaging.domain.author_notices import Outsider, not_reached

ANN, BEN, CAY = (Outsider(f"{name}-id", name) for name in ("ann", "ben", "cay"))


def test_one_and_many_are_named_and_can_be_added() -> None:
    message, props = not_reached("n", [ANN])
    assert message == "@ann is not in this channel and was not notified."
    message, props = not_reached("n", [ANN, BEN, CAY])
    assert message == "@ann, @ben and @cay are not in this channel and were not notified."
    assert json.loads(props) == {
        "add_channel_member": {
            "post_id": "n",
            "usernames": ["ann", "ben", "cay"],
            "user_ids": ["ann-id", "ben-id", "cay-id"],
            "not_in_channel_usernames": ["ann", "ben", "cay"],
            "not_in_channel_user_ids": ["ann-id", "ben-id", "cay-id"],
            "not_in_groups_usernames": [],
            "not_in_groups_user_ids": [],
        }
    }
