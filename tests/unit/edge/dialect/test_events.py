"""Events as Mattermost's clients expect them: names, keys, scopes, and JSON inside of JSON where it belongs."""

import json
from typing import Any

import pytest
from google.protobuf.message import Message

from chorus.auth.v1 import events_pb2 as auth_pb2
from chorus.auth.v1 import users_pb2
from chorus.common.v1 import files_pb2
from chorus.messaging.v1 import channels_pb2, posts_pb2, teams_pb2
from chorus.messaging.v1 import events_pb2 as messaging_pb2
from chorus.presence.v1 import events_pb2 as presence_pb2
from services.edge.dialect.events import EventFrames
from services.edge.dialect.frames import Frame, Standing
from tests.unit.edge.ws.sockets import entry, frames

CHANNEL, USER, TEAM, CLUSTER = "messaging/channel:c", "messaging/user:u", "messaging/team:t", "auth/cluster"
POST = posts_pb2.Post(id="p", channel_id="c", user_id="a", message="hi <b>", pending_post_id="a:1")


def rendered(topic: str, body: Message, renderer: EventFrames | None = None) -> list[tuple[dict[str, Any], Frame]]:
    renderer = renderer or frames()
    event = renderer.decode(entry(topic, 1, body))
    assert event is not None
    return [({} if frame.personal else json.loads(frame.head + b"0}"), frame) for frame in renderer.of(event)]


def test_posted_carries_the_post_as_text_and_its_channel() -> None:
    context = messaging_pb2.ChannelContext(type="O", name="town", display_name="Town Square", team_id="t")
    body = messaging_pb2.PostCreated(post=POST, channel=context, sender_name="@ada", set_online=True)
    ((shown, _),) = rendered(CHANNEL, body)
    post = json.loads(shown["data"].pop("post"))
    assert (post["id"], post["message"], post["pending_post_id"]) == ("p", "hi <b>", "a:1")
    assert shown == {
        "event": "posted",
        "data": {
            "channel_type": "O",
            "channel_display_name": "Town Square",
            "channel_name": "town",
            "sender_name": "@ada",
            "team_id": "t",
            "set_online": True,
        },
        "broadcast": {
            "omit_users": None,
            "user_id": "",
            "channel_id": "c",
            "team_id": "",
            "connection_id": "",
            "omit_connection_id": "",
        },
        "seq": 0,
    }


def test_files_and_images_are_announced_as_words() -> None:
    def data(*mime_types: str) -> dict[str, Any]:
        post = posts_pb2.Post(id="p", files=[files_pb2.FileInfo(id="f", mime_type=mime) for mime in mime_types])
        ((shown, _),) = rendered(CHANNEL, messaging_pb2.PostCreated(post=post))
        return {key: value for key, value in shown["data"].items() if key in ("image", "otherFile")}

    assert data() == {}
    assert data("text/plain") == {"otherFile": "true"}
    assert data("text/plain", "image/png") == {"otherFile": "true", "image": "true"}


@pytest.mark.parametrize(
    ("topic", "body", "event", "data", "scope"),
    [
        (
            USER,
            messaging_pb2.ChannelCreated(channel_id="c", team_id="t"),
            "channel_created",
            {"channel_id": "c", "team_id": "t"},
            {"user_id": "u"},
        ),
        (
            CHANNEL,
            messaging_pb2.MemberAdded(channel_id="c", user_id="b", team_id="t"),
            "user_added",
            {"user_id": "b", "team_id": "t"},
            {"channel_id": "c", "omit_users": {"b": True}},
        ),
        (
            CHANNEL,
            messaging_pb2.MemberRemoved(channel_id="c", user_id="b", remover_id="a"),
            "user_removed",
            {"user_id": "b", "remover_id": "a"},
            {"channel_id": "c"},
        ),
        (
            USER,
            messaging_pb2.ChannelJoined(channel_id="c", team_id="t", channel_type="P"),
            "user_added",
            {"user_id": "u", "team_id": "t"},
            {"channel_id": "c", "user_id": "u"},
        ),
        (
            USER,
            messaging_pb2.ChannelJoined(channel_id="c", channel_type="D", creator_id="a", teammate_id="b", is_new=True),
            "direct_added",
            {"creator_id": "a", "teammate_id": "b"},
            {"channel_id": "c", "user_id": "u"},
        ),
        (
            USER,
            messaging_pb2.ChannelJoined(channel_id="c", channel_type="G", teammate_ids=["a", "b"], is_new=True),
            "group_added",
            {"teammate_ids": '["a","b"]'},
            {"channel_id": "c", "user_id": "u"},
        ),
        (
            USER,
            messaging_pb2.ChannelLeft(channel_id="c", remover_id="a"),
            "user_removed",
            {"channel_id": "c", "remover_id": "a"},
            {"user_id": "u"},
        ),
        (
            USER,
            messaging_pb2.ChannelsViewed(channel_times={"c": 5}),
            "multiple_channels_viewed",
            {"channel_times": {"c": 5}},
            {"user_id": "u"},
        ),
        (
            TEAM,
            messaging_pb2.ChannelArchived(channel_id="c", team_id="t", delete_at_ms=7, channel_type="O"),
            "channel_deleted",
            {"channel_id": "c", "delete_at": 7},
            {"team_id": "t"},
        ),
        (
            CHANNEL,
            messaging_pb2.ChannelArchived(channel_id="c", team_id="t", delete_at_ms=7, channel_type="P"),
            "channel_deleted",
            {"channel_id": "c", "delete_at": 7},
            {"channel_id": "c"},
        ),
        (
            USER,
            messaging_pb2.TeamJoined(team_id="t"),
            "added_to_team",
            {"team_id": "t", "user_id": "u"},
            {"user_id": "u"},
        ),
        (USER, messaging_pb2.TeamLeft(team_id="t"), "leave_team", {"team_id": "t", "user_id": "u"}, {"user_id": "u"}),
        (
            TEAM,
            messaging_pb2.TeamMemberRemoved(team_id="t", user_id="b"),
            "leave_team",
            {"team_id": "t", "user_id": "b"},
            {"team_id": "t", "omit_users": {"b": True}},
        ),
        (CLUSTER, auth_pb2.UserCreated(user=users_pb2.User(id="u")), "new_user", {"user_id": "u"}, {}),
        (
            CHANNEL,
            presence_pb2.Typing(user_id="b", channel_id="c", parent_id="r"),
            "typing",
            {"parent_id": "r", "user_id": "b"},
            {"channel_id": "c", "omit_users": {"b": True}},
        ),
        (
            USER,
            presence_pb2.StatusChanged(user_id="u", status="away"),
            "status_change",
            {"status": "away", "user_id": "u"},
            {"user_id": "u"},
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Message) else None,
)
def test_names_data_and_scope(
    topic: str, body: Message, event: str, data: dict[str, Any], scope: dict[str, Any]
) -> None:
    ((shown, _),) = rendered(topic, body)
    assert (shown["event"], shown["data"]) == (event, data)
    assert {key: value for key, value in shown["broadcast"].items() if value} == scope


@pytest.mark.parametrize(
    ("topic", "body", "event", "key", "id_"),
    [
        (CHANNEL, messaging_pb2.PostEdited(post=POST), "post_edited", "post", "p"),
        (USER, messaging_pb2.EphemeralPosted(post=POST), "ephemeral_message", "post", "p"),
        (
            CHANNEL,
            messaging_pb2.ChannelUpdated(channel=channels_pb2.Channel(id="c")),
            "channel_updated",
            "channel",
            "c",
        ),
        (TEAM, messaging_pb2.TeamUpdated(team=teams_pb2.Team(id="t")), "update_team", "team", "t"),
    ],
)
def test_objects_that_travel_as_text(topic: str, body: Message, event: str, key: str, id_: str) -> None:
    ((shown, _),) = rendered(topic, body)
    assert shown["event"] == event
    assert list(shown["data"]) == [key]
    assert json.loads(shown["data"][key])["id"] == id_


def test_reactions_travel_as_text_too() -> None:
    reaction = posts_pb2.Reaction(user_id="a", post_id="p", emoji_name="tada", create_at_ms=3, channel_id="c")
    bodies = messaging_pb2.ReactionAdded(reaction=reaction), messaging_pb2.ReactionRemoved(reaction=reaction)
    shown = [rendered(CHANNEL, body)[0][0] for body in bodies]
    assert [frame["event"] for frame in shown] == ["reaction_added", "reaction_removed"]
    assert json.loads(shown[0]["data"]["reaction"])["emoji_name"] == "tada"
    assert shown[0]["broadcast"]["channel_id"] == "c"


def test_what_clients_are_not_told_makes_no_frame() -> None:
    assert rendered(TEAM, messaging_pb2.TeamMemberAdded(team_id="t", user_id="b")) == []
    assert rendered("auth/user:u", auth_pb2.SessionsRevoked(user_id="u")) == []
    unknown = entry(CHANNEL, 1, messaging_pb2.PostEdited())
    unknown.kind = "from_a_newer_release"
    assert frames().decode(unknown) is None


def test_of_an_open_channel_the_team_hears_and_guests_in_the_channel() -> None:
    archived = messaging_pb2.ChannelArchived(channel_id="c", team_id="t", channel_type="O")
    restored = messaging_pb2.ChannelRestored(channel_id="c", team_id="t", channel_type="O")
    for body in (archived, restored):
        ((_, to_channel),), ((_, to_team),) = rendered(CHANNEL, body), rendered(TEAM, body)
        for standing in Standing:
            guest = standing is Standing.GUEST
            assert to_channel.reaches("a", standing, "") == guest
            assert to_team.reaches("a", standing, "") == (not guest)
    converted = messaging_pb2.ChannelConverted(channel_id="c", team_id="t")
    ((_, frame),) = rendered(TEAM, converted)
    assert [frame.reaches("a", standing, "") for standing in Standing] == [True, True, False]


def test_a_deactivated_user_is_told_of_as_changed_and_then_by_a_bare_event() -> None:
    user = users_pb2.User(id="u", username="ann", delete_at_ms=5)
    told = [shown for shown, _ in rendered(CLUSTER, auth_pb2.UserUpdated(user=user, activation_changed=True))]
    assert [shown["event"] for shown in told] == ["user_updated"] * 3 + ["user_activation_status_change"]
    assert told[3]["data"] == {}
    assert "user_activation_status_change" not in str(rendered(CLUSTER, auth_pb2.UserUpdated(user=user)))


def test_each_follower_of_a_thread_gets_its_own_counters_and_nobody_else_any() -> None:
    change = messaging_pb2.ThreadChange(
        root=posts_pb2.Post(id="r", channel_id="c", message='say "hi"', reply_count=3),
        participants=[messaging_pb2.ThreadParticipant(id="u1", username="ann", email="hidden@x")],
        followers=[
            messaging_pb2.ThreadFollower(user_id="u1", last_viewed_at_ms=7),
            messaging_pb2.ThreadFollower(
                user_id="u2", unread_replies=3, unread_mentions=1, previous_unread_replies=2, notified=True
            ),
        ],
    )
    (_, posted), (_, updated) = rendered(
        CHANNEL,
        messaging_pb2.PostCreated(
            post=posts_pb2.Post(id="p", channel_id="c", root_id="r"),
            channel=messaging_pb2.ChannelContext(team_id="t"),
            mentioned_user_ids=["u1"],
            thread=change,
        ),
    )
    heads = {user: json.loads(posted.head_for(user) + b"1}")["data"] for user in ("u1", "u2", "u3")}
    assert [(h.get("mentions"), h.get("followers")) for h in heads.values()] == [
        ('["u1"]', None), (None, '["u2"]'), (None, None),
    ]  # fmt: skip
    assert [updated.reaches(user, Standing.MEMBER, "") for user in ("u1", "u2", "u3")] == [True, True, False]
    event = json.loads(updated.head_for("u2") + b"1}")
    assert (event["broadcast"]["user_id"], event["broadcast"]["team_id"]) == ("u2", "t")
    assert (event["data"]["previous_unread_replies"], event["data"]["previous_unread_mentions"]) == (2, 0)
    thread = json.loads(event["data"]["thread"])
    assert set(thread) == {
        "id", "reply_count", "last_reply_at", "last_viewed_at", "participants", "post", "unread_replies",
        "unread_mentions", "is_urgent", "delete_at",
    }  # fmt: skip
    assert (thread["unread_replies"], thread["unread_mentions"], thread["post"]["message"]) == (3, 1, 'say "hi"')
    assert thread["participants"][0]["username"] == "ann"
