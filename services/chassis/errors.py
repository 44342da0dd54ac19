"""The one error family: what went wrong, by a name that has a meaning in chat and none in any protocol.

A `DomainError` is raised where the rule is broken and crosses gRPC unchanged (`chassis/rpc/errors.py`); the edge alone
turns it into Mattermost's error object (`edge/dialect/errors.py`). Both tables are complete: a test compares them.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why something was refused or failed; the comment names the facts that come with it."""

    # Any call
    INVALID_ARGUMENT = "invalid_argument"  # field
    INVALID_URL_PARAMETER = "invalid_url_parameter"  # field
    PERMISSION_DENIED = "permission_denied"  # permission
    CALLER_REFUSED = "caller_refused"  # the calling service may not call this; caller
    UNAVAILABLE = "unavailable"  # part; the outcome is known to be none, or will be found by the id
    DEADLINE_EXCEEDED = "deadline_exceeded"
    BUSY = "busy"  # retry_after_s; a bounded queue is full
    INTERNAL = "internal"
    NOT_IMPLEMENTED = "not_implemented"  # operation
    ROUTE_NOT_FOUND = "route_not_found"  # path
    BODY_TOO_LARGE = "body_too_large"  # limit
    URL_TOO_LONG = "url_too_long"
    LOG_TRUNCATED = "log_truncated"  # topic

    # Sign-in and sessions
    SESSION_EXPIRED = "session_expired"
    TOKEN_IN_QUERY = "token_in_query"  # noqa: S105 - a reason, no secret
    INVALID_CREDENTIALS = "invalid_credentials"
    BLANK_PASSWORD = "blank_password"  # noqa: S105 - a reason, no secret
    USER_INACTIVE = "user_inactive"
    BOT_LOGIN_FORBIDDEN = "bot_login_forbidden"
    GUEST_LOGIN_DISABLED = "guest_login_disabled"
    TOO_MANY_ATTEMPTS = "too_many_attempts"
    SIGN_IN_THROTTLED = "sign_in_throttled"  # retry_after_s
    SESSION_NOT_FOUND = "session_not_found"

    # Users
    USER_NOT_FOUND = "user_not_found"
    USERNAME_TAKEN = "username_taken"
    EMAIL_TAKEN = "email_taken"
    INVALID_USER = "invalid_user"  # field
    INVALID_PASSWORD = "invalid_password"  # noqa: S105 - faults, for example "_min_length"
    SIGN_UP_DISABLED = "sign_up_disabled"
    SIGN_UP_CLOSED = "sign_up_closed"
    EMAIL_DOMAIN_REFUSED = "email_domain_refused"
    EMAIL_HIDDEN = "email_hidden"
    INVALID_USER_ROLES = "invalid_user_roles"  # fault: unknown, license
    LAST_ADMIN = "last_admin"
    GUESTS_DISABLED = "guests_disabled"
    ALREADY_GUEST = "already_guest"
    NOT_A_GUEST = "not_a_guest"
    ACTIVATION_DENIED = "activation_denied"
    DEACTIVATION_DISABLED = "deactivation_disabled"
    PASSWORD_OF_OTHER = "password_of_other"  # noqa: S105 - a reason, no secret
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - a reason, no secret
    INVALID_PICTURE = "invalid_picture"  # fault: no_file, decode, check_image_limits
    PICTURE_TOO_LARGE = "picture_too_large"  # limit
    PICTURE_NOT_FOUND = "picture_not_found"
    INVALID_STATUS = "invalid_status"
    BOTS_DISABLED = "bots_disabled"
    BOT_NOT_FOUND = "bot_not_found"
    ACCESS_TOKENS_DISABLED = "access_tokens_disabled"
    INVALID_ACCESS_TOKEN = "invalid_access_token"  # noqa: S105 - a reason, no secret; field
    ACCESS_TOKEN_NOT_FOUND = "access_token_not_found"  # noqa: S105 - a reason, no secret
    INVALID_CUSTOM_STATUS = "invalid_custom_status"
    CUSTOM_STATUSES_DISABLED = "custom_statuses_disabled"
    STATUSES_DISABLED = "statuses_disabled"
    ROLE_NOT_FOUND = "role_not_found"  # by: id, name
    INVALID_PREFERENCE = "invalid_preference"  # field
    PREFERENCE_OF_OTHER = "preference_of_other"
    PREFERENCES_NOT_FOUND = "preferences_not_found"  # by: category, name

    # Teams
    TEAM_NOT_FOUND = "team_not_found"  # by: id, name, invitation
    TEAM_NOT_OPEN = "team_not_open"
    GUEST_INVITED = "guest_invited"
    TEAM_NAME_TAKEN = "team_name_taken"
    INVALID_TEAM = "invalid_team"  # field
    TEAM_FULL = "team_full"
    TEAM_MEMBER_NOT_FOUND = "team_member_not_found"
    TEAM_DOMAIN_REFUSED = "team_domain_refused"

    # Channels
    CHANNEL_NOT_FOUND = "channel_not_found"
    CHANNEL_NAME_NOT_FOUND = "channel_name_not_found"
    CHANNEL_NAME_TAKEN = "channel_name_taken"
    INVALID_CHANNEL = "invalid_channel"  # field
    INVALID_CHANNEL_TYPE = "invalid_channel_type"  # D or G where O or P is made
    TOO_MANY_CHANNELS = "too_many_channels"
    DEFAULT_CHANNEL_NAME_FIXED = "default_channel_name_fixed"
    DEFAULT_CHANNEL_NOT_DELETABLE = "default_channel_not_deletable"
    DEFAULT_CHANNEL_NOT_LEAVABLE = "default_channel_not_leavable"
    CHANNEL_TYPE_NOT_DELETABLE = "channel_type_not_deletable"
    CHANNEL_ALREADY_ARCHIVED = "channel_already_archived"
    CHANNEL_NOT_ARCHIVED = "channel_not_archived"
    DEFAULT_CHANNEL_NOT_PRIVATE = "default_channel_not_private"
    CHANNEL_ARCHIVED = "channel_archived"
    DIRECT_CHANNEL_USERS = "direct_channel_users"
    DIRECT_CHANNEL_NOT_LEAVABLE = "direct_channel_not_leavable"
    DIRECT_CHANNEL_NOT_JOINABLE = "direct_channel_not_joinable"
    GROUP_CHANNEL_SIZE = "group_channel_size"
    INVALID_NOTIFY_PROPS = "invalid_notify_props"  # field
    INVALID_MEMBER_ROLES = "invalid_member_roles"  # scope ("channel" or "team"), fault
    MEMBER_NOT_FOUND = "member_not_found"
    CHANNEL_RATE_EXCEEDED = "channel_rate_exceeded"  # retry_after_s
    CATEGORIES_REFUSED = "categories_refused"  # a default one removed, others ordered than there are, too many

    # Posts and reactions
    POST_NOT_FOUND = "post_not_found"
    POST_INVALID = "post_invalid"  # field
    POST_ID_TAKEN = "post_id_taken"
    POST_CHANNEL_ARCHIVED = "post_channel_archived"
    POST_TYPE_RESERVED = "post_type_reserved"
    ROOT_NOT_FOUND = "root_not_found"
    ROOT_IN_OTHER_CHANNEL = "root_in_other_channel"
    ROOT_IS_REPLY = "root_is_reply"
    POST_EDIT_EXPIRED = "post_edit_expired"
    POST_EDIT_DELETED = "post_edit_deleted"
    POST_EDIT_SYSTEM = "post_edit_system"
    POST_EDIT_ARCHIVED = "post_edit_archived"
    POST_DELETE_ARCHIVED = "post_delete_archived"
    INVALID_REACTION = "invalid_reaction"
    REACTION_OF_OTHER = "reaction_of_other"
    REACTION_ARCHIVED = "reaction_archived"
    TOO_MANY_REACTIONS = "too_many_reactions"

    # Emoji
    INVALID_EMOJI = "invalid_emoji"  # fault: name, system_emoji_name, duplicate, large_image, image
    EMOJI_NOT_FOUND = "emoji_not_found"  # by: id, name
    EMOJI_OF_OTHER = "emoji_of_other"
    EMOJI_TOO_LARGE = "emoji_too_large"  # limit
    EMOJI_DISABLED = "emoji_disabled"
    EMOJI_REFUSED = "emoji_refused"  # they are disabled, where the protocol answers that as a refusal

    # Threads
    THREAD_MEMBERSHIP_NOT_FOUND = "thread_membership_not_found"  # the user has nothing to do with it
    THREAD_NOT_FOLLOWED = "thread_not_followed"
    THREADS_PAGED_BOTH_WAYS = "threads_paged_both_ways"
    THREADS_ONLY_NOTHING = "threads_only_nothing"  # only the totals and only the threads, at once

    # Drafts
    DRAFT_INVALID = "draft_invalid"  # field
    DRAFTS_DISABLED = "drafts_disabled"

    # Files
    FILE_NOT_FOUND = "file_not_found"
    FILE_DELETED = "file_deleted"
    FILE_TOO_LARGE = "file_too_large"  # limit
    FILE_EMPTY = "file_empty"
    FILE_ATTACHMENTS_DISABLED = "file_attachments_disabled"
    IMAGE_TOO_LARGE = "image_too_large"
    NO_THUMBNAIL = "no_thumbnail"
    NO_PREVIEW = "no_preview"
    PUBLIC_LINKS_DISABLED = "public_links_disabled"
    CLIENT_IDS_MISMATCH = "client_ids_mismatch"


class DomainError(Exception):
    """Something was refused or failed for a named reason.

    `facts` are short values that the message is made from; never secrets, never a stack trace.
    """

    def __init__(self, reason: Reason, /, **facts: object) -> None:
        """Name the reason and what belongs to it."""
        super().__init__(reason.value)
        self.reason = reason
        self.facts = {name: str(value) for name, value in facts.items()}

    def __str__(self) -> str:
        """Read as `post_invalid (field=message)`."""
        facts = ", ".join(f"{name}={value}" for name, value in self.facts.items())
        return f"{self.reason.value} ({facts})" if facts else self.reason.value
