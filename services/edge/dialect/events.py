"""An event of the logs → Mattermost's WebSocket frames, each encoded once whoever gets it (see frames.py)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

import msgspec
from google.protobuf.message import Message

from chorus.auth.v1 import events_pb2 as auth_pb2
from chorus.common.v1 import events_pb2
from chorus.messaging.v1 import events_pb2 as messaging_pb2
from chorus.presence.v1 import events_pb2 as presence_pb2
from services.chassis.topics import channel_topic, team_topic
from services.edge.dialect import thread_events
from services.edge.dialect.categories import category_json
from services.edge.dialect.channels import channel_json
from services.edge.dialect.drafts import draft_json
from services.edge.dialect.emoji import emoji_json
from services.edge.dialect.frames import Event, Frame, frame
from services.edge.dialect.members import member_json
from services.edge.dialect.posts import post_json, reaction_json
from services.edge.dialect.preferences import preference_json
from services.edge.dialect.teams import member_json as team_member_json
from services.edge.dialect.teams import team_json
from services.edge.dialect.users import UserShapes

_encode: Final = msgspec.json.Encoder().encode

_KINDS: Final[Mapping[str, type[Message]]] = {
    "post_created": messaging_pb2.PostCreated,
    "post_edited": messaging_pb2.PostEdited,
    "post_deleted": messaging_pb2.PostDeleted,
    "reaction_added": messaging_pb2.ReactionAdded,
    "reaction_removed": messaging_pb2.ReactionRemoved,
    "ephemeral_posted": messaging_pb2.EphemeralPosted,
    "channel_created": messaging_pb2.ChannelCreated,
    "channel_updated": messaging_pb2.ChannelUpdated,
    "channel_archived": messaging_pb2.ChannelArchived,
    "member_added": messaging_pb2.MemberAdded,
    "member_removed": messaging_pb2.MemberRemoved,
    "channel_joined": messaging_pb2.ChannelJoined,
    "channel_left": messaging_pb2.ChannelLeft,
    "channels_viewed": messaging_pb2.ChannelsViewed,
    "post_unread": messaging_pb2.PostUnread,
    "thread_follow_changed": messaging_pb2.ThreadFollowChanged,
    "thread_read_changed": messaging_pb2.ThreadReadChanged,
    "thread_unread": messaging_pb2.ThreadUnread,
    "team_joined": messaging_pb2.TeamJoined,
    "team_left": messaging_pb2.TeamLeft,
    "team_member_added": messaging_pb2.TeamMemberAdded,
    "team_member_removed": messaging_pb2.TeamMemberRemoved,
    "team_updated": messaging_pb2.TeamUpdated,
    "channel_restored": messaging_pb2.ChannelRestored,
    "channel_converted": messaging_pb2.ChannelConverted,
    "member_updated": messaging_pb2.MemberUpdated,
    "team_member_updated": messaging_pb2.TeamMemberUpdated,
    "category_created": messaging_pb2.CategoryCreated,
    "categories_updated": messaging_pb2.CategoriesUpdated,
    "categories_ordered": messaging_pb2.CategoriesOrdered,
    "category_deleted": messaging_pb2.CategoryDeleted,
    "emoji_added": messaging_pb2.EmojiAdded,
    "emoji_removed": messaging_pb2.EmojiRemoved,
    "acquaintance_updated": messaging_pb2.AcquaintanceUpdated,
    "draft_saved": messaging_pb2.DraftSaved,
    "draft_deleted": messaging_pb2.DraftDeleted,
    "user_created": auth_pb2.UserCreated,
    "user_updated": auth_pb2.UserUpdated,
    "roles_changed": auth_pb2.RolesChanged,
    "preferences_changed": auth_pb2.PreferencesChanged,
    "preferences_deleted": auth_pb2.PreferencesDeleted,
    "threads_chosen": auth_pb2.ThreadsChosen,
    "sessions_revoked": auth_pb2.SessionsRevoked,
    "typing": presence_pb2.Typing,
    "status_changed": presence_pb2.StatusChanged,
}


class EventFrames:
    """Decodes entries and renders them; what users see of one another is configured."""

    def __init__(self, users: UserShapes, *, tell_viewed: bool = True) -> None:
        """`users` renders users; `tell_viewed` if a user's other sockets hear of what it has seen."""
        self._users = users
        self._of: Mapping[type[Message], Callable[[Event, Any], Sequence[Frame]]] = {
            messaging_pb2.PostCreated: self._posted,
            messaging_pb2.PostEdited: _post_edited,
            messaging_pb2.PostDeleted: self._post_deleted,
            messaging_pb2.ReactionAdded: _reaction("reaction_added"),
            messaging_pb2.ReactionRemoved: _reaction("reaction_removed"),
            messaging_pb2.EphemeralPosted: _ephemeral,
            messaging_pb2.ChannelCreated: _channel_created,
            messaging_pb2.ChannelUpdated: _channel_updated,
            messaging_pb2.ChannelArchived: _channel_archived,
            messaging_pb2.MemberAdded: _member_added,
            messaging_pb2.MemberRemoved: _member_removed,
            messaging_pb2.ChannelJoined: _channel_joined,
            messaging_pb2.ChannelLeft: _channel_left,
            messaging_pb2.ChannelsViewed: _channels_viewed if tell_viewed else _nothing,
            messaging_pb2.PostUnread: _post_unread,
            messaging_pb2.ThreadFollowChanged: thread_events.follow_changed,
            messaging_pb2.ThreadReadChanged: thread_events.read_changed,
            messaging_pb2.ThreadUnread: self._thread_unread,
            messaging_pb2.TeamJoined: _team_joined,
            messaging_pb2.TeamLeft: _team_left,
            messaging_pb2.TeamMemberRemoved: _team_member_removed,
            messaging_pb2.TeamUpdated: _team_updated,
            messaging_pb2.ChannelRestored: _channel_restored,
            messaging_pb2.ChannelConverted: _channel_converted,
            messaging_pb2.MemberUpdated: _member_updated,
            messaging_pb2.TeamMemberUpdated: _team_member_updated,
            messaging_pb2.CategoryCreated: _category_created,
            messaging_pb2.CategoriesUpdated: _categories_updated,
            messaging_pb2.CategoriesOrdered: _categories_ordered,
            messaging_pb2.CategoryDeleted: _category_deleted,
            messaging_pb2.EmojiAdded: _emoji_added,
            messaging_pb2.DraftSaved: _draft("draft_created"),
            messaging_pb2.DraftDeleted: _draft("draft_deleted"),
            auth_pb2.UserCreated: _user_created,
            auth_pb2.UserUpdated: self._user_updated,
            auth_pb2.RolesChanged: _roles_changed,
            messaging_pb2.AcquaintanceUpdated: self._acquaintance_updated,
            auth_pb2.PreferencesChanged: _preferences("preferences_changed"),
            auth_pb2.PreferencesDeleted: _preferences("preferences_deleted"),
            presence_pb2.Typing: _typing,
            presence_pb2.StatusChanged: _status_changed,
        }

    @staticmethod
    def decode(entry: events_pb2.LogEntry) -> Event | None:
        """Return the entry's event; None for a kind that this release does not know."""
        body = _KINDS.get(entry.kind)
        return None if body is None else Event(entry.topic, entry.seq, entry.kind, body.FromString(entry.body))

    def of(self, event: Event) -> Sequence[Frame]:
        """Return the frames of an event; none for what clients are not told."""
        render = self._of.get(type(event.body))
        return render(event, event.body) if render is not None else ()

    def _posted(self, event: Event, body: messaging_pb2.PostCreated) -> Sequence[Frame]:
        posted = _for_readers(_posted, body)
        if not body.HasField("thread"):
            return (posted,)
        return (posted, *thread_events.updated(body.thread, body.channel.team_id, self._users))

    def _post_deleted(self, event: Event, body: messaging_pb2.PostDeleted) -> Sequence[Frame]:
        deleted = _post_deleted(body)
        if not body.HasField("thread"):
            return deleted
        return (*deleted, *thread_events.updated(body.thread, body.team_id, self._users))

    def _thread_unread(self, event: Event, body: messaging_pb2.ThreadUnread) -> Sequence[Frame]:
        return thread_events.put_back(event, body, self._users)

    def _user_updated(self, event: Event, body: auth_pb2.UserUpdated) -> Sequence[Frame]:
        user = body.user
        shown = {"user": self._users.for_others(user)}
        frames = (
            frame("user_updated", {"user": self._users.for_admin(user)}, omit_user=user.id, admins=True),
            # Guests hear of those whom they may see in their own topics.
            frame("user_updated", shown, omit_user=user.id, admins=False, guests=False),
            frame("user_updated", {"user": self._users.for_self(user)}, user_id=user.id),
        )
        return (*frames, frame("user_activation_status_change", {})) if body.activation_changed else frames

    def _acquaintance_updated(self, event: Event, body: messaging_pb2.AcquaintanceUpdated) -> Sequence[Frame]:
        return (frame("user_updated", {"user": self._users.participant(body.user)}, admins=False),)


def _nothing(event: Event, body: Message) -> Sequence[Frame]:
    return ()


def _text(value: Any) -> str:
    """Return JSON as text, for the fields in which clients expect JSON inside of JSON."""
    return _encode(value).decode()


Posted = TypeVar("Posted", messaging_pb2.PostCreated, messaging_pb2.PostEdited)


def _for_readers(render: Callable[[Posted], Frame], body: Posted) -> Frame:
    """Return the frame of a post: with the post that it links to only for those who may read that one."""
    if not body.post.HasField("previewed"):
        return render(body)
    shared = type(body)()
    shared.CopyFrom(body)
    shared.post.ClearField("previewed")
    linked = body.post.previewed
    return replace(
        render(shared),
        fuller=render(body),
        fuller_for=channel_topic(linked.post.channel_id),
        fuller_for_members=team_topic(linked.team_id) if linked.channel_type == "O" else "",
    )


def _posted(body: messaging_pb2.PostCreated) -> Frame:
    channel, files = body.channel, body.post.files
    data: dict[str, Any] = {
        "channel_display_name": channel.display_name,
        "channel_name": channel.name,
        "channel_type": channel.type,
        "post": _text(post_json(body.post)),
        "sender_name": body.sender_name,
        "set_online": body.set_online,
        "team_id": channel.team_id,
    }
    if files:
        data["otherFile"] = "true"
        if any(file.mime_type.startswith("image/") for file in files):
            data["image"] = "true"
    followers = thread_events.notified(body.thread) if body.HasField("thread") else ()
    return frame(
        "posted", data, channel_id=body.post.channel_id, mentioned=body.mentioned_user_ids, followers=followers
    )


def _post_edited(event: Event, body: messaging_pb2.PostEdited) -> Sequence[Frame]:
    return (_for_readers(_edited, body),)


def _edited(body: messaging_pb2.PostEdited) -> Frame:
    return frame("post_edited", {"post": _text(post_json(body.post))}, channel_id=body.post.channel_id)


def _post_deleted(body: messaging_pb2.PostDeleted) -> Sequence[Frame]:
    data, channel_id = {"post": _text(post_json(body.post))}, body.post.channel_id
    return (
        frame("post_deleted", data, channel_id=channel_id, admins=False),
        frame("post_deleted", data | {"delete_by": body.deleted_by}, channel_id=channel_id, admins=True),
    )


def _reaction(name: str) -> Callable[[Event, Any], Sequence[Frame]]:
    def render(event: Event, body: messaging_pb2.ReactionAdded | messaging_pb2.ReactionRemoved) -> Sequence[Frame]:
        reaction = body.reaction
        return (frame(name, {"reaction": _text(reaction_json(reaction))}, channel_id=event.subject),)

    return render


def _ephemeral(event: Event, body: messaging_pb2.EphemeralPosted) -> Sequence[Frame]:
    data = {"post": _text(post_json(body.post))}
    return (frame("ephemeral_message", data, channel_id=body.post.channel_id, user_id=event.subject),)


def _channel_created(event: Event, body: messaging_pb2.ChannelCreated) -> Sequence[Frame]:
    data = {"channel_id": body.channel_id, "team_id": body.team_id}
    return (frame("channel_created", data, user_id=event.subject),)


def _channel_updated(event: Event, body: messaging_pb2.ChannelUpdated) -> Sequence[Frame]:
    return (frame("channel_updated", {"channel": _text(channel_json(body.channel))}, channel_id=body.channel.id),)


def _channel_archived(event: Event, body: messaging_pb2.ChannelArchived) -> Sequence[Frame]:
    data = {"channel_id": body.channel_id, "delete_at": body.delete_at_ms}
    if event.subject == body.channel_id:
        return (frame("channel_deleted", data, channel_id=body.channel_id, guests=_guests_of(body)),)
    return (frame("channel_deleted", data, team_id=body.team_id, guests=False),)


def _member_added(event: Event, body: messaging_pb2.MemberAdded) -> Sequence[Frame]:
    data = {"user_id": body.user_id, "team_id": body.team_id}
    return (frame("user_added", data, channel_id=body.channel_id, omit_user=body.user_id),)


def _member_removed(event: Event, body: messaging_pb2.MemberRemoved) -> Sequence[Frame]:
    data = {"user_id": body.user_id, "remover_id": body.remover_id}
    return (frame("user_removed", data, channel_id=body.channel_id),)


def _channel_joined(event: Event, body: messaging_pb2.ChannelJoined) -> Sequence[Frame]:
    user_id, channel_id = event.subject, body.channel_id
    if body.channel_type == "D":
        data: dict[str, Any] = {"creator_id": body.creator_id, "teammate_id": body.teammate_id}
        return (frame("direct_added", data, channel_id=channel_id, user_id=user_id),) if body.is_new else ()
    if body.channel_type == "G":
        data = {"teammate_ids": _text(list(body.teammate_ids))}
        return (frame("group_added", data, channel_id=channel_id, user_id=user_id),) if body.is_new else ()
    return (frame("user_added", {"user_id": user_id, "team_id": body.team_id}, channel_id=channel_id, user_id=user_id),)


def _channel_left(event: Event, body: messaging_pb2.ChannelLeft) -> Sequence[Frame]:
    data = {"channel_id": body.channel_id, "remover_id": body.remover_id}
    return (frame("user_removed", data, user_id=event.subject),)


def _channels_viewed(event: Event, body: messaging_pb2.ChannelsViewed) -> Sequence[Frame]:
    data = {"channel_times": dict(body.channel_times)}
    return (frame("multiple_channels_viewed", data, user_id=event.subject),)


def _post_unread(event: Event, body: messaging_pb2.PostUnread) -> Sequence[Frame]:
    member = body.member
    data = {
        "msg_count": member.msg_count,
        "msg_count_root": member.msg_count_root,
        "mention_count": member.mention_count,
        "mention_count_root": member.mention_count_root,
        "urgent_mention_count": 0,
        "last_viewed_at": member.last_viewed_at_ms,
        "post_id": body.post_id,
    }
    return (frame("post_unread", data, channel_id=member.channel_id, team_id=body.team_id, user_id=event.subject),)


def _team_joined(event: Event, body: messaging_pb2.TeamJoined) -> Sequence[Frame]:
    data = {"team_id": body.team_id, "user_id": event.subject}
    return (frame("added_to_team", data, user_id=event.subject),)


def _team_left(event: Event, body: messaging_pb2.TeamLeft) -> Sequence[Frame]:
    data = {"user_id": event.subject, "team_id": body.team_id}
    return (frame("leave_team", data, user_id=event.subject),)


def _team_member_removed(event: Event, body: messaging_pb2.TeamMemberRemoved) -> Sequence[Frame]:
    data = {"user_id": body.user_id, "team_id": body.team_id}
    return (frame("leave_team", data, team_id=body.team_id, omit_user=body.user_id),)


def _team_updated(event: Event, body: messaging_pb2.TeamUpdated) -> Sequence[Frame]:
    return (frame("update_team", {"team": _text(team_json(body.team))}, team_id=body.team.id),)


def _channel_restored(event: Event, body: messaging_pb2.ChannelRestored) -> Sequence[Frame]:
    data = {"channel_id": body.channel_id}
    if event.subject == body.channel_id:
        return (frame("channel_restored", data, channel_id=body.channel_id, guests=_guests_of(body)),)
    return (frame("channel_restored", data, team_id=body.team_id, guests=False),)


def _guests_of(body: messaging_pb2.ChannelArchived | messaging_pb2.ChannelRestored) -> bool | None:
    """Say to whom the channel's own topic tells it: of an open one to guests alone, since others hear the team's."""
    return True if body.channel_type == "O" else None


def _channel_converted(event: Event, body: messaging_pb2.ChannelConverted) -> Sequence[Frame]:
    # A guest in the channel hears that it was updated; another must not learn that there is one.
    return (frame("channel_converted", {"channel_id": body.channel_id}, team_id=body.team_id, guests=False),)


def _member_updated(event: Event, body: messaging_pb2.MemberUpdated) -> Sequence[Frame]:
    data = {"channelMember": _text(member_json(body.member))}
    return (frame("channel_member_updated", data, user_id=event.subject),)


def _team_member_updated(event: Event, body: messaging_pb2.TeamMemberUpdated) -> Sequence[Frame]:
    data = {"member": _text(team_member_json(body.member))}
    return (frame("memberrole_updated", data, user_id=event.subject),)


def _category_created(event: Event, body: messaging_pb2.CategoryCreated) -> Sequence[Frame]:
    data = {"category_id": body.category_id}
    return (frame("sidebar_category_created", data, team_id=body.team_id, user_id=event.subject),)


def _categories_updated(event: Event, body: messaging_pb2.CategoriesUpdated) -> Sequence[Frame]:
    data = {"updatedCategories": _text([category_json(category) for category in body.categories])}
    return (frame("sidebar_category_updated", data, team_id=body.team_id, user_id=event.subject),)


def _categories_ordered(event: Event, body: messaging_pb2.CategoriesOrdered) -> Sequence[Frame]:
    data = {"order": list(body.category_ids)}
    return (frame("sidebar_category_order_updated", data, team_id=body.team_id, user_id=event.subject),)


def _category_deleted(event: Event, body: messaging_pb2.CategoryDeleted) -> Sequence[Frame]:
    data = {"category_id": body.category_id}
    return (frame("sidebar_category_deleted", data, team_id=body.team_id, user_id=event.subject),)


def _emoji_added(event: Event, body: messaging_pb2.EmojiAdded) -> Sequence[Frame]:
    return (frame("emoji_added", {"emoji": _text(emoji_json(body.emoji))}),)


def _draft(name: str) -> Callable[[Event, Any], Sequence[Frame]]:
    def render(event: Event, body: messaging_pb2.DraftSaved | messaging_pb2.DraftDeleted) -> Sequence[Frame]:
        return (
            frame(
                name,
                {"draft": _text(draft_json(body.draft))},
                channel_id=body.draft.channel_id,
                user_id=event.subject,
                omit_connection=body.connection_id,
            ),
        )

    return render


def _user_created(event: Event, body: auth_pb2.UserCreated) -> Sequence[Frame]:
    # A new user is in no channel, so that no guest may see it.
    return (frame("new_user", {"user_id": body.user.id}, guests=False),)


def _roles_changed(event: Event, body: auth_pb2.RolesChanged) -> Sequence[Frame]:
    return (frame("user_role_updated", {"user_id": body.user_id, "roles": " ".join(body.roles)}, user_id=body.user_id),)


def _preferences(name: str) -> Callable[[Event, Any], Sequence[Frame]]:
    def render(event: Event, body: auth_pb2.PreferencesChanged | auth_pb2.PreferencesDeleted) -> Sequence[Frame]:
        data = {"preferences": _text([preference_json(each) for each in body.preferences])}
        return (frame(name, data, user_id=event.subject),)

    return render


def _typing(event: Event, body: presence_pb2.Typing) -> Sequence[Frame]:
    data = {"parent_id": body.parent_id, "user_id": body.user_id}
    return (frame("typing", data, channel_id=body.channel_id, omit_user=body.user_id, droppable=True),)


def _status_changed(event: Event, body: presence_pb2.StatusChanged) -> Sequence[Frame]:
    data = {"status": body.status, "user_id": body.user_id}
    return (frame("status_change", data, user_id=body.user_id, droppable=True),)
