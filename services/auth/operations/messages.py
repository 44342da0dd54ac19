"""Users and sessions as the contracts' messages: what calls answer, and what the log keeps."""

from collections.abc import Sequence

from chorus.auth.v1 import events_pb2, preferences_pb2, sessions_pb2, users_pb2
from services.auth.domain.preferences import Preference
from services.auth.domain.sessions import Session
from services.auth.domain.users import User
from services.chassis.events import Announcement
from services.chassis.topics import cluster_topic, user_topic

LOG = "auth"
CLUSTER = cluster_topic(LOG)


def topic_of(user_id: str) -> str:
    """Return the topic of a user's sessions."""
    return user_topic(user_id, LOG)


def user_message(user: User) -> users_pb2.User:
    """Return the user, whole: what others may not see, the edge takes out."""
    return users_pb2.User(
        id=user.id,
        create_at_ms=user.create_at,
        update_at_ms=user.update_at,
        delete_at_ms=user.delete_at,
        username=user.username,
        email=user.email,
        email_verified=user.email_verified,
        nickname=user.nickname,
        first_name=user.first_name,
        last_name=user.last_name,
        position=user.position,
        roles=user.roles,
        props=user.props,
        notify_props=user.notify_props,
        timezone=user.timezone,
        locale=user.locale,
        last_password_update_ms=user.last_password_update,
        last_picture_update_ms=user.last_picture_update,
        failed_attempts=user.failed_attempts,
        is_bot=user.is_bot,
        bot_description=user.bot_description,
        mfa_active=user.mfa_active,
        auth_service=user.auth_service,
    )


def session_message(session: Session) -> sessions_pb2.Session:
    """Return the session."""
    return sessions_pb2.Session(
        id=session.id,
        user_id=session.user_id,
        create_at_ms=session.create_at,
        expires_at_ms=session.expires_at,
        last_activity_at_ms=session.last_activity_at,
        device_id=session.device_id,
        props=session.props,
        roles=session.roles,
    )


def preference_message(preference: Preference) -> preferences_pb2.Preference:
    """Return the preference."""
    return preferences_pb2.Preference(
        user_id=preference.user_id, category=preference.category, name=preference.name, value=preference.value
    )


def user_created(user: User) -> Announcement:
    """Announce a new user to everybody."""
    body = events_pb2.UserCreated(user=user_message(user)).SerializeToString()
    return Announcement(CLUSTER, "user_created", body, user.create_at)


def user_updated(user: User, *, activation_changed: bool = False) -> Announcement:
    """Announce a changed user to everybody."""
    body = events_pb2.UserUpdated(user=user_message(user), activation_changed=activation_changed).SerializeToString()
    return Announcement(CLUSTER, "user_updated", body, user.update_at)


def roles_changed(user: User, at: int) -> Announcement:
    """Announce to the user, and to the edges that keep its sessions, which system roles it has now."""
    body = events_pb2.RolesChanged(user_id=user.id, roles=user.roles).SerializeToString()
    return Announcement(topic_of(user.id), "roles_changed", body, at)


def preferences_changed(user_id: str, preferences: Sequence[Preference], at: int) -> Announcement:
    """Announce preferences, as they are now, to the user."""
    body = events_pb2.PreferencesChanged(preferences=map(preference_message, preferences)).SerializeToString()
    return Announcement(topic_of(user_id), "preferences_changed", body, at)


def preferences_deleted(user_id: str, preferences: Sequence[Preference], at: int) -> Announcement:
    """Announce to the user that these preferences are gone."""
    body = events_pb2.PreferencesDeleted(preferences=map(preference_message, preferences)).SerializeToString()
    return Announcement(topic_of(user_id), "preferences_deleted", body, at)


def threads_chosen(user_id: str, collapsed: bool | None, at: int) -> Announcement:
    """Announce to the services how a user reads replies; None for as usual."""
    body = events_pb2.ThreadsChosen(user_id=user_id, collapsed=collapsed).SerializeToString()
    return Announcement(CLUSTER, "threads_chosen", body, at)


def sessions_revoked(user_id: str, session_ids: Sequence[str], at: int) -> Announcement:
    """Announce the end of these sessions; of none for all of the user's."""
    body = events_pb2.SessionsRevoked(user_id=user_id, session_ids=session_ids).SerializeToString()
    return Announcement(topic_of(user_id), "sessions_revoked", body, at)
