"""Posts have exactly the protocol's keys; drafts never break the bounds of the batch that they travel in."""

from typing import Any

import msgspec
import protovalidate
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chorus.common.v1 import actor_pb2, files_pb2, links_pb2
from chorus.messaging.v1 import posts_pb2
from services.chassis.errors import DomainError, Reason
from services.edge.dialect import posts, requests

ID = "a" * 26
ALWAYS = {
    "id", "create_at", "update_at", "edit_at", "delete_at", "is_pinned", "user_id", "channel_id", "root_id",
    "original_id", "message", "type", "props", "hashtags", "file_ids", "pending_post_id", "reply_count",
    "last_reply_at", "participants", "metadata",
}  # fmt: skip


def shown(post: posts_pb2.Post, *, threads: bool = False) -> dict[str, Any]:
    decoded: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(posts.post_json(post, threads=threads)))
    return decoded


def test_an_empty_post_has_all_keys_and_no_others() -> None:
    post = shown(posts_pb2.Post())
    assert post.keys() == ALWAYS
    assert (post["props"], post["file_ids"], post["metadata"], post["participants"]) == ({}, [], {}, None)


def test_props_are_the_clients_own() -> None:
    assert shown(posts_pb2.Post(props_json='{"a":[1,{"b":"ü"}]}'))["props"] == {"a": [1, {"b": "ü"}]}


def test_metadata_holds_what_there_is() -> None:
    post = shown(
        posts_pb2.Post(
            props_json='{"attachments":[{"text":"hi"}]}',
            files=[files_pb2.FileInfo(id=ID, name="a.png", mini_preview=b"\xff")],
            has_reactions=True,
            reactions=[posts_pb2.Reaction(user_id=ID, post_id=ID, emoji_name="+1", create_at_ms=5, channel_id=ID)],
        )
    )
    assert post["has_reactions"] is True
    assert post["file_ids"] == [ID]
    assert post["metadata"]["embeds"] == [{"type": "message_attachment"}]
    assert post["metadata"]["files"][0]["mini_preview"] == "/w=="
    assert post["metadata"]["files"][0].keys() >= {"id", "user_id", "channel_id", "mini_preview", "archived"}
    assert "post_id" not in post["metadata"]["files"][0]
    assert post["metadata"]["reactions"] == [
        {
            "user_id": ID,
            "post_id": ID,
            "emoji_name": "+1",
            "create_at": 5,
            "update_at": 5,
            "delete_at": 0,
            "remote_id": "",
            "channel_id": ID,
        }
    ]


def test_participants_come_with_collapsed_threads_only() -> None:
    post = posts_pb2.Post(participant_ids=[ID])
    assert shown(post)["participants"] is None
    assert [user["id"] for user in shown(post, threads=True)["participants"]] == [ID]
    assert shown(posts_pb2.Post(), threads=True)["participants"] == []


def test_a_page_orders_itself_and_brings_the_rest_of_its_threads() -> None:
    page = posts_pb2.PostPage(
        posts=[posts_pb2.Post(id="new"), posts_pb2.Post(id="old")],
        thread_posts=[posts_pb2.Post(id="root")],
        prev_post_id="older",
    )
    told = posts.page_json(page)
    assert told["order"] == ["new", "old"]
    assert told["posts"].keys() == {"new", "old", "root"}
    assert (told["next_post_id"], told["prev_post_id"], told["first_inaccessible_post_time"]) == ("", "older", 0)
    assert "has_next" not in told


def test_a_thread_says_whether_it_goes_on() -> None:
    thread = posts_pb2.GetThreadResponse(posts=[posts_pb2.Post(id="root"), posts_pb2.Post(id="reply")])
    assert posts.thread_json(thread)["order"] == ["root", "reply"]
    assert posts.thread_json(thread)["has_next"] is False


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"channel_id": ID, "id": ID}, Reason.POST_ID_TAKEN),
        ({}, Reason.PERMISSION_DENIED),
        ({"channel_id": "short"}, Reason.PERMISSION_DENIED),
        ({"channel_id": ID, "root_id": "short"}, Reason.ROOT_NOT_FOUND),
        ({"channel_id": ID, "message": "x" * 262_145}, Reason.POST_INVALID),
        ({"channel_id": ID, "pending_post_id": "x" * 129}, Reason.POST_INVALID),
        ({"channel_id": ID, "type": "x" * 65}, Reason.POST_INVALID),
    ],
)
def test_a_draft_out_of_bounds_is_refused_before_it_travels(body: dict[str, str], reason: Reason) -> None:
    with pytest.raises(DomainError) as caught:
        posts.draft(requests.POST.decode(msgspec.json.encode(body)), ID, set_online=True)
    assert caught.value.reason is reason


@given(
    st.fixed_dictionaries(
        {"channel_id": st.just(ID)},
        optional={
            "root_id": st.sampled_from(["", ID, "x"]),
            "message": st.text(max_size=50),
            "type": st.text(max_size=80),
            "pending_post_id": st.text(max_size=140),
            "props": st.dictionaries(st.text(max_size=5), st.none() | st.booleans() | st.text(max_size=5)),
        },
    )
)
def test_what_the_dialect_lets_pass_the_contract_takes(body: dict[str, Any]) -> None:
    """A draft outside of the bounds would fail everybody's whole batch."""
    try:
        draft = posts.draft(requests.POST.decode(msgspec.json.encode(body)), ID, set_online=True)
    except DomainError:
        return
    draft.actor.CopyFrom(actor_pb2.Actor(user_id=ID))
    protovalidate.validate(posts_pb2.CreatePostsRequest(drafts=[draft]))


def test_props_that_only_the_server_makes_are_dropped() -> None:
    assert posts.props_json({"add_channel_member": 1, "force_notification": 1, "mine": 1}) == '{"mine":1}'


@pytest.mark.parametrize("ids", [["x"], [chr(97 + n) * 26 for n in range(11)]])
def test_files_are_ids_and_at_most_ten(ids: list[str]) -> None:
    with pytest.raises(DomainError) as caught:
        posts.file_ids(requests.PostBody(file_ids=ids))
    assert caught.value.facts == {"field": "file_ids"}


@pytest.mark.parametrize(
    ("question", "field"),
    [
        ({"direction": "sideways"}, "direction"),
        ({"from_post": ID}, "fromCreateAt"),
        ({"updates_only": True}, "fromUpdateAt"),
        ({"updates_only": True, "from_update_at_ms": 5, "direction": "up"}, "updatesOnly"),
    ],
)
def test_questions_for_threads_must_make_sense(question: dict[str, Any], field: str) -> None:
    whole: dict[str, Any] = {
        "per_page": 0,
        "from_post": "",
        "from_create_at_ms": 0,
        "from_update_at_ms": 0,
        "updates_only": False,
        "direction": "",
    }
    with pytest.raises(DomainError) as caught:
        posts.thread_request(ID, **(whole | question))
    assert caught.value.facts == {"field": field}


def test_a_link_shows_what_it_leads_to() -> None:
    page = links_pb2.OpenGraph(
        url="https://a.example", title="A", images=[links_pb2.OpenGraphImage(url="https://a.example/a.png")]
    )
    size = links_pb2.ImageSize(url="https://a.example/a.png", width=3, height=2, format="png")
    found = links_pb2.LinkMetadata(kind=links_pb2.LINK_KIND_OPENGRAPH, opengraph=page, images=[size])
    other = links_pb2.ImageSize(url="https://b.example/b.gif", width=1, height=1, format="gif", frame_count=7)
    metadata = shown(posts_pb2.Post(preview=posts_pb2.Preview(link="https://a.example", found=found, images=[other])))[
        "metadata"
    ]
    assert metadata["embeds"] == [
        {
            "type": "opengraph",
            "url": "https://a.example",
            "data": {
                "type": "", "url": "https://a.example", "title": "A", "description": "", "determiner": "",
                "site_name": "", "locale": "", "locales_alternate": None, "audios": None, "videos": None,
                "images": [
                    {"url": "https://a.example/a.png", "secure_url": "", "type": "", "width": 0, "height": 0},
                ],
            },
        }
    ]  # fmt: skip
    assert metadata["images"] == {
        "https://a.example/a.png": {"width": 3, "height": 2, "format": "png", "frame_count": 0},
        "https://b.example/b.gif": {"width": 1, "height": 1, "format": "gif", "frame_count": 7},
    }
    plain = shown(posts_pb2.Post(preview=posts_pb2.Preview(link="https://a.example")))["metadata"]
    assert plain == {"embeds": [{"type": "link", "url": "https://a.example"}]}
    image = links_pb2.LinkMetadata(kind=links_pb2.LINK_KIND_IMAGE)
    picture = shown(posts_pb2.Post(preview=posts_pb2.Preview(link="https://a.example/a.png", found=image)))["metadata"]
    assert picture == {"embeds": [{"type": "image", "url": "https://a.example/a.png"}]}


def test_a_linked_post_is_shown_with_where_it_is_and_named_in_the_props() -> None:
    linked = posts_pb2.PreviewedPost(
        post=posts_pb2.Post(id=ID, channel_id="c", message="there"),
        team_name="team",
        channel_display_name="Channel",
        channel_type="O",
    )
    post = shown(posts_pb2.Post(props_json='{"a":1}', previewed=linked))
    assert post["props"] == {"a": 1, "previewed_post": ID}
    (embed,) = post["metadata"]["embeds"]
    assert embed.keys() == {"type", "data"}
    assert embed["type"] == "permalink"
    assert embed["data"]["post"].keys() == ALWAYS
    assert {key: value for key, value in embed["data"].items() if key != "post"} == {
        "post_id": ID, "team_name": "team", "channel_display_name": "Channel", "channel_type": "O", "channel_id": "c",
    }  # fmt: skip


def test_no_client_says_which_post_is_shown() -> None:
    assert posts.props_json({"previewed_post": ID, "add_channel_member": {}, "a": 1}) == '{"a":1}'
