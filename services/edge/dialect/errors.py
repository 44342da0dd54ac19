"""Every reason as Mattermost's error: HTTP status, id and message. Clients and their tests match on the ids.

The table is complete, which a test proves. An id ends in `{…}` where the facts choose the variant. Ids that begin with
`api.chorus.` are ours: the reference has no name for that failure.
"""

from typing import Final, NamedTuple

import msgspec

from services.chassis.errors import DomainError, Reason


class Shape(NamedTuple):
    """How a reason looks outside."""

    status: int
    id: str
    message: str


_R = Reason
_BODY = "api.context.invalid_body_param.app_error"
_BUSY = "api.context.server_busy.app_error"

SHAPES: Final[dict[Reason, Shape]] = {
    # Any call
    _R.INVALID_ARGUMENT: Shape(400, _BODY, "Invalid or missing {field} in request body."),
    _R.INVALID_URL_PARAMETER: Shape(
        400, "api.context.invalid_url_param.app_error", "Invalid or missing {field} parameter in request URL."
    ),
    _R.PERMISSION_DENIED: Shape(
        403, "api.context.permissions.app_error", "You do not have the appropriate permissions."
    ),
    _R.CALLER_REFUSED: Shape(500, "api.chorus.internal.app_error", "An internal error occurred."),
    _R.UNAVAILABLE: Shape(503, _BUSY, "Part of the server is unavailable. Please try again in a moment."),
    _R.DEADLINE_EXCEEDED: Shape(
        504,
        "api.context.gateway_timeout.app_error",
        "The server took too long to answer. What you asked for may have happened all the same.",
    ),
    _R.BUSY: Shape(503, _BUSY, "The server is busy. Please try again in a moment."),
    _R.INTERNAL: Shape(500, "api.chorus.internal.app_error", "An internal error occurred."),
    _R.NOT_IMPLEMENTED: Shape(
        501, "api.chorus.not_implemented.app_error", "{operation} is not implemented by this server."
    ),
    _R.ROUTE_NOT_FOUND: Shape(404, "api.context.404.app_error", "Sorry, we could not find the page."),
    _R.BODY_TOO_LARGE: Shape(
        413, "api.context.request_body_too_large.app_error", "The request body is larger than {limit} bytes."
    ),
    _R.URL_TOO_LONG: Shape(414, "basic_security_check.url.too_long_error", "The URL is too long."),
    _R.LOG_TRUNCATED: Shape(500, "api.chorus.internal.app_error", "An internal error occurred."),
    # Sign-in and sessions
    _R.SESSION_EXPIRED: Shape(
        401, "api.context.session_expired.app_error", "Invalid or expired session, please login again."
    ),
    _R.TOKEN_IN_QUERY: Shape(
        401, "api.context.token_provided.app_error", "A session token was given in the URL, where it is not accepted."
    ),
    _R.INVALID_CREDENTIALS: Shape(
        401,
        "api.user.login.invalid_credentials_email_username",
        "Enter a valid email or username and/or password.",
    ),
    _R.BLANK_PASSWORD: Shape(400, "api.user.login.blank_pwd.app_error", "Password field must not be blank"),
    _R.USER_INACTIVE: Shape(
        401,
        "api.user.login.inactive.app_error",
        "Login failed because your account has been deactivated. Please contact an administrator.",
    ),
    _R.BOT_LOGIN_FORBIDDEN: Shape(401, "api.user.login.bot_login_forbidden.app_error", "Bot login is forbidden."),
    _R.GUEST_LOGIN_DISABLED: Shape(
        401, "api.user.login.guest_accounts.disabled.error", "Login failed because guest accounts are disabled."
    ),
    _R.TOO_MANY_ATTEMPTS: Shape(
        401,
        "api.user.check_user_login_attempts.too_many.app_error",
        "Your account is locked because of too many failed password attempts. Please reset your password.",
    ),
    _R.SIGN_IN_THROTTLED: Shape(
        429, "api.chorus.sign_in_throttled.app_error", "Too many attempts to sign in. Please try again later."
    ),
    _R.SESSION_NOT_FOUND: Shape(400, "app.session.get.app_error", "We couldn't find the session."),
    # Users
    _R.USER_NOT_FOUND: Shape(404, "app.user.missing_account.const", "Unable to find the user."),
    _R.USERNAME_TAKEN: Shape(
        400, "app.user.save.username_exists.app_error", "An account with that username already exists."
    ),
    _R.EMAIL_TAKEN: Shape(400, "app.user.save.email_exists.app_error", "An account with that email already exists."),
    _R.INVALID_USER: Shape(400, "model.user.is_valid.{field}.app_error", "Invalid {field}."),
    _R.INVALID_PASSWORD: Shape(
        400, "model.user.is_valid.pwd{faults}.app_error", "The password does not meet the rules of this server."
    ),
    _R.SIGN_UP_DISABLED: Shape(
        501, "api.user.create_user.signup_email_disabled.app_error", "User sign-up with email is disabled."
    ),
    _R.SIGN_UP_CLOSED: Shape(
        403, "api.user.create_user.no_open_server", "This server does not allow open signups. Ask for an invitation."
    ),
    _R.EMAIL_DOMAIN_REFUSED: Shape(
        400,
        "api.user.create_user.accepted_domain.app_error",
        "The email you provided does not belong to an accepted domain.",
    ),
    _R.EMAIL_HIDDEN: Shape(
        403, "api.user.get_user_by_email.permissions.app_error", "Unable to get user by email: addresses are hidden."
    ),
    _R.INVALID_USER_ROLES: Shape(
        400, "app.role.check_roles_exist.role_not_found", "One of the roles does not exist, or is no role of users."
    ),
    _R.LAST_ADMIN: Shape(400, "app.user.update.lastAdmin.app_error", "The last system administrator must remain one."),
    _R.GUESTS_DISABLED: Shape(
        501, "api.team.demote_user_to_guest.disabled.error", "Guest accounts are disabled on this server."
    ),
    _R.ALREADY_GUEST: Shape(
        501, "api.user.demote_user_to_guest.already_guest.app_error", "The user is a guest already."
    ),
    _R.NOT_A_GUEST: Shape(501, "api.user.promote_guest_to_user.no_guest.app_error", "The user is no guest."),
    _R.ACTIVATION_DENIED: Shape(
        403, "api.user.update_active.permissions.app_error", "You do not have the appropriate permissions."
    ),
    # Theirs is 401, which signs web clients out: that is not what somebody asked for who may not leave.
    _R.DEACTIVATION_DISABLED: Shape(
        403, "api.user.update_active.not_enable.app_error", "Deactivating one's own account is disabled on this server."
    ),
    _R.PASSWORD_OF_OTHER: Shape(
        403, "api.user.update_password.context.app_error", "The password belongs to another user."
    ),
    _R.WRONG_PASSWORD: Shape(400, "api.user.update_password.incorrect.app_error", "The current password is incorrect."),
    _R.INVALID_PICTURE: Shape(
        400, "api.user.upload_profile_user.{fault}.app_error", "The picture cannot be used: {fault}."
    ),
    _R.PICTURE_TOO_LARGE: Shape(
        413, "api.user.upload_profile_user.too_large.app_error", "The picture is larger than {limit} bytes."
    ),
    _R.PICTURE_NOT_FOUND: Shape(404, "app.file_info.get.app_error", "Unable to get the picture."),
    _R.INVALID_STATUS: Shape(400, _BODY, "Invalid or missing status in request body."),
    _R.BOTS_DISABLED: Shape(403, "api.bot.create_disabled", "Making bots is disabled on this server."),
    _R.BOT_NOT_FOUND: Shape(404, "store.sql_bot.get.missing.app_error", "There is no such bot."),
    _R.ACCESS_TOKENS_DISABLED: Shape(
        501, "app.user_access_token.disabled", "Personal access tokens are disabled on this server."
    ),
    _R.INVALID_ACCESS_TOKEN: Shape(
        400, "model.user_access_token.is_valid.{field}.app_error", "A token needs a description of what it is for."
    ),
    _R.ACCESS_TOKEN_NOT_FOUND: Shape(
        404, "app.user_access_token.get_by_user.app_error", "Unable to get the personal access token."
    ),
    _R.INVALID_CUSTOM_STATUS: Shape(
        400,
        "api.custom_status.set_custom_statuses.update.app_error",
        "A custom status needs a text or an emoji, and an end that is still to come or none.",
    ),
    _R.CUSTOM_STATUSES_DISABLED: Shape(
        501, "api.custom_status.disabled", "Custom statuses are disabled on this server."
    ),
    _R.STATUSES_DISABLED: Shape(404, "api.status.user_not_found.app_error", "User not found."),
    _R.ROLE_NOT_FOUND: Shape(404, "app.role.get.app_error", "Unable to get role."),
    # Preferences
    _R.INVALID_PREFERENCE: Shape(400, "model.preference.is_valid.{field}.app_error", "Invalid preference {field}."),
    _R.PREFERENCE_OF_OTHER: Shape(
        403, "api.preference.update_preferences.set.app_error", "A preference belongs to another user."
    ),
    _R.PREFERENCES_NOT_FOUND: Shape(
        404, "api.preference.preferences_category.get.app_error", "Unable to find the preferences."
    ),
    # Teams
    _R.TEAM_NOT_FOUND: Shape(404, "app.team.get.find.app_error", "Unable to find the team."),
    _R.TEAM_NOT_OPEN: Shape(
        403, "api.team.get_invite_info.not_open_team", "The invitation is of a team that is not open."
    ),
    _R.GUEST_INVITED: Shape(
        403, "api.team.add_user_to_team_from_invite.guest.app_error", "Guests cannot join a team by its invitation."
    ),
    _R.TEAM_NAME_TAKEN: Shape(400, "app.team.save.existing.app_error", "A team with that name already exists."),
    _R.INVALID_TEAM: Shape(400, "model.team.is_valid.{field}.app_error", "Invalid {field}."),
    _R.TEAM_FULL: Shape(
        400, "app.team.join_user_to_team.max_accounts.app_error", "This team has reached its maximum of members."
    ),
    _R.TEAM_MEMBER_NOT_FOUND: Shape(404, "app.team.get_member.missing.app_error", "No team member found."),
    _R.TEAM_DOMAIN_REFUSED: Shape(
        400,
        "api.team.join_user_to_team.allowed_domains.app_error",
        "The email must be of an allowed domain of the team.",
    ),
    # Channels
    _R.CHANNEL_NOT_FOUND: Shape(404, "app.channel.get.existing.app_error", "Unable to find the existing channel."),
    _R.CHANNEL_NAME_NOT_FOUND: Shape(404, "app.channel.get_by_name.missing.app_error", "Channel does not exist."),
    _R.CHANNEL_NAME_TAKEN: Shape(
        400,
        "store.sql_channel.save_channel.exists.app_error",
        "A channel with that name already exists on the same team.",
    ),
    _R.INVALID_CHANNEL: Shape(400, "model.channel.is_valid.{field}.app_error", "Invalid {field}."),
    _R.INVALID_CHANNEL_TYPE: Shape(
        400,
        "api.channel.create_channel.direct_channel.app_error",
        "Must use the direct channel API to create a direct channel.",
    ),
    _R.TOO_MANY_CHANNELS: Shape(
        400, "store.sql_channel.save_channel.limit.app_error", "This team has reached its maximum of channels."
    ),
    _R.DEFAULT_CHANNEL_NAME_FIXED: Shape(
        400, "api.channel.update_channel.tried.app_error", "The name of the default channel cannot change."
    ),
    _R.DEFAULT_CHANNEL_NOT_DELETABLE: Shape(
        400, "api.channel.delete_channel.cannot.app_error", "Unable to archive the default channel."
    ),
    _R.DEFAULT_CHANNEL_NOT_LEAVABLE: Shape(
        400, "api.channel.remove.default.app_error", "Unable to remove a user from the default channel."
    ),
    _R.CHANNEL_TYPE_NOT_DELETABLE: Shape(
        400, "api.channel.delete_channel.type.invalid", "Unable to archive direct or group message channels."
    ),
    _R.CHANNEL_ALREADY_ARCHIVED: Shape(
        400, "api.channel.delete_channel.deleted.app_error", "The channel has been archived or deleted."
    ),
    _R.CHANNEL_NOT_ARCHIVED: Shape(
        400, "api.channel.restore_channel.restored.app_error", "Unable to unarchive the channel: it is not archived."
    ),
    _R.DEFAULT_CHANNEL_NOT_PRIVATE: Shape(
        400,
        "api.channel.update_channel_privacy.default_channel_error",
        "The default channel cannot be made private.",
    ),
    _R.INVALID_MEMBER_ROLES: Shape(
        400, "api.{scope}.update_{scope}_member_roles.{fault}.app_error", "The roles cannot be given to this member."
    ),
    _R.CHANNEL_ARCHIVED: Shape(
        400, "api.channel.update_channel.deleted.app_error", "The channel has been archived or deleted."
    ),
    _R.DIRECT_CHANNEL_USERS: Shape(400, _BODY, "Invalid or missing user_ids in request body."),
    _R.DIRECT_CHANNEL_NOT_LEAVABLE: Shape(
        400,
        "api.channel.remove_channel_member.type.app_error",
        "Unable to remove a user from a direct or group message channel.",
    ),
    _R.DIRECT_CHANNEL_NOT_JOINABLE: Shape(
        400,
        "api.channel.add_user_to_channel.type.app_error",
        "Unable to add a user to a direct or group message channel.",
    ),
    _R.GROUP_CHANNEL_SIZE: Shape(
        400, "api.channel.create_group.bad_size.app_error", "Group message channels hold three to eight users."
    ),
    _R.INVALID_NOTIFY_PROPS: Shape(
        400, "model.channel_member.is_valid.{field}.app_error", "Invalid notification setting."
    ),
    _R.THREAD_MEMBERSHIP_NOT_FOUND: Shape(
        404, "app.user.get_thread_membership_for_user.not_found", "The user does not follow this thread."
    ),
    _R.THREAD_NOT_FOLLOWED: Shape(
        404, "app.user.get_threads_for_user.not_found", "The user does not follow this thread."
    ),
    _R.THREADS_PAGED_BOTH_WAYS: Shape(
        400, "api.getThreadsForUser.bad_params", "Before and after cannot be used together."
    ),
    _R.THREADS_ONLY_NOTHING: Shape(
        400, "api.getThreadsForUser.bad_only_params", "TotalsOnly and threadsOnly cannot be used together."
    ),
    _R.MEMBER_NOT_FOUND: Shape(404, "app.channel.get_member.missing.app_error", "No channel member found."),
    _R.CHANNEL_RATE_EXCEEDED: Shape(
        429, "api.chorus.channel_rate_exceeded.app_error", "This channel changes faster than it can be kept in order."
    ),
    _R.CATEGORIES_REFUSED: Shape(
        400, "app.channel.sidebar_categories.app_error", "The sidebar categories cannot be changed like this."
    ),
    # Posts and reactions
    _R.POST_NOT_FOUND: Shape(404, "app.post.get.app_error", "Unable to get the post."),
    _R.POST_INVALID: Shape(400, "model.post.is_valid.{field}.app_error", "Invalid {field}."),
    _R.POST_ID_TAKEN: Shape(400, "app.post.save.existing.app_error", "You cannot update an existing post."),
    _R.POST_CHANNEL_ARCHIVED: Shape(
        400, "api.post.create_post.can_not_post_to_deleted.error", "Can not post to an archived channel."
    ),
    _R.POST_TYPE_RESERVED: Shape(400, "api.context.invalid_param.app_error", "Invalid type parameter."),
    _R.ROOT_NOT_FOUND: Shape(400, "api.post.create_post.root_id.app_error", "Invalid RootId parameter."),
    _R.ROOT_IN_OTHER_CHANNEL: Shape(
        400, "api.post.create_post.channel_root_id.app_error", "Invalid ChannelId for RootId parameter."
    ),
    _R.ROOT_IS_REPLY: Shape(400, "api.post.create_post.root_id.app_error", "Invalid RootId parameter."),
    _R.POST_EDIT_EXPIRED: Shape(
        400,
        "api.post.update_post.permissions_time_limit.app_error",
        "Posts can no longer be edited after this time.",
    ),
    _R.POST_EDIT_DELETED: Shape(
        400, "api.post.update_post.permissions_details.app_error", "Unable to update a deleted post."
    ),
    _R.POST_EDIT_SYSTEM: Shape(400, "api.post.update_post.system_message.app_error", "Unable to update a notice."),
    _R.POST_EDIT_ARCHIVED: Shape(
        400,
        "api.post.update_post.can_not_update_post_in_deleted.error",
        "Can not update a post in an archived channel.",
    ),
    _R.POST_DELETE_ARCHIVED: Shape(
        400,
        "api.post.delete_post.can_not_delete_post_in_deleted.error",
        "Can not delete a post in an archived channel.",
    ),
    _R.INVALID_REACTION: Shape(400, "api.reaction.save_reaction.invalid.app_error", "Reaction is not valid."),
    _R.REACTION_OF_OTHER: Shape(
        403, "api.reaction.save_reaction.user_id.app_error", "You cannot save a reaction for another user."
    ),
    _R.REACTION_ARCHIVED: Shape(
        403, "api.reaction.save.archived_channel.app_error", "You cannot react in an archived channel."
    ),
    _R.TOO_MANY_REACTIONS: Shape(
        400, "app.reaction.save.save.too_many_reactions", "The post has as many different reactions as it can hold."
    ),
    # Emoji
    _R.INVALID_EMOJI: Shape(400, "model.emoji.{fault}.app_error", "The emoji cannot be made: {fault}."),
    _R.EMOJI_NOT_FOUND: Shape(404, "app.emoji.get.no_result", "We couldn't find the emoji."),
    _R.EMOJI_OF_OTHER: Shape(403, "api.emoji.create.other_user.app_error", "An emoji can be made for oneself alone."),
    _R.EMOJI_TOO_LARGE: Shape(
        413, "api.emoji.create.too_large.app_error", "The emoji's picture is larger than {limit} bytes."
    ),
    _R.EMOJI_REFUSED: Shape(403, "api.emoji.disabled.app_error", "Custom emoji are disabled on this server."),
    _R.EMOJI_DISABLED: Shape(501, "api.emoji.disabled.app_error", "Custom emoji are disabled on this server."),
    # Drafts
    _R.DRAFT_INVALID: Shape(400, "model.draft.is_valid.{field}.app_error", "Invalid {field}."),
    _R.DRAFTS_DISABLED: Shape(501, "api.drafts.disabled.app_error", "Drafts are disabled on this server."),
    # Files
    _R.FILE_NOT_FOUND: Shape(404, "app.file_info.get.app_error", "Unable to get the file info."),
    _R.FILE_DELETED: Shape(404, "app.file_info.get.app_error", "Unable to get the file info."),
    _R.FILE_TOO_LARGE: Shape(
        413, "api.file.upload_file.too_large_detailed.app_error", "Unable to upload the file: it is too large."
    ),
    _R.FILE_EMPTY: Shape(400, "api.file.upload_file.read_request.app_error", "The request holds no file."),
    _R.FILE_ATTACHMENTS_DISABLED: Shape(
        403, "api.file.attachments.disabled.app_error", "File attachments have been disabled on this server."
    ),
    _R.IMAGE_TOO_LARGE: Shape(
        400,
        "api.file.upload_file.large_image_detailed.app_error",
        "The dimensions of the image exceed the limit.",
    ),
    _R.NO_THUMBNAIL: Shape(
        400, "api.file.get_file_thumbnail.no_thumbnail.app_error", "The file doesn't have a thumbnail image."
    ),
    _R.NO_PREVIEW: Shape(
        400, "api.file.get_file_preview.no_preview.app_error", "The file doesn't have a preview image."
    ),
    _R.PUBLIC_LINKS_DISABLED: Shape(
        403, "api.file.get_public_link.disabled.app_error", "Public links have been disabled on this server."
    ),
    _R.CLIENT_IDS_MISMATCH: Shape(
        400,
        "api.file.upload_file.incorrect_number_of_client_ids.app_error",
        "The number of client_ids is not the number of files.",
    ),
}

_VARIANTS: Final[dict[tuple[Reason, str, str], str]] = {
    (_R.PERMISSION_DENIED, "permission", "create_team"): "api.team.is_team_creation_allowed.disabled.app_error",
    (_R.PERMISSION_DENIED, "permission", "list_public_teams"): "api.team.get_all_teams.insufficient_permissions",
    (_R.INVALID_USER_ROLES, "fault", "license"): "api.user.update_user_roles.license.app_error",
    (_R.USER_NOT_FOUND, "by", "username"): "app.user.get_by_username.app_error",
    (_R.USER_NOT_FOUND, "by", "status"): "api.status.user_not_found.app_error",
    (_R.ROLE_NOT_FOUND, "by", "name"): "app.role.get_by_name.app_error",
    (_R.PREFERENCES_NOT_FOUND, "by", "name"): "app.preference.get.app_error",
    (_R.CHANNEL_NOT_FOUND, "by", "ids"): "app.channel.get_channels_by_ids.not_found.app_error",
    (_R.CHANNEL_NOT_FOUND, "by", "user"): "app.channel.get_channels.not_found.app_error",
    (_R.TEAM_NOT_FOUND, "by", "invitation"): "app.team.get_by_invite_id.finding.app_error",
    (_R.TEAM_NOT_FOUND, "by", "name"): "app.team.get_by_name.missing.app_error",
    (_R.POST_INVALID, "field", "message"): "model.post.is_valid.message_length.app_error",
    (_R.INVALID_CHANNEL, "field", "name"): "model.channel.is_valid.1_or_more.app_error",
    (_R.INVALID_TEAM, "field", "name"): "model.team.is_valid.characters.app_error",
    (_R.POST_EDIT_ARCHIVED, "how", "patch"): "api.post.patch_post.can_not_update_post_in_deleted.error",
    (_R.INVALID_EMOJI, "fault", "duplicate"): "api.emoji.create.duplicate.app_error",
    (_R.INVALID_EMOJI, "fault", "large_image"): "api.emoji.upload.large_image.too_large.app_error",
    (_R.INVALID_EMOJI, "fault", "image"): "api.emoji.upload.image.app_error",
    (_R.EMOJI_NOT_FOUND, "by", "name"): "app.emoji.get_by_name.no_result",
    (_R.REACTION_ARCHIVED, "how", "delete"): "api.reaction.delete.archived_channel.app_error",
    (_R.CHANNEL_ARCHIVED, "how", "add_member"): "api.channel.add_user.to.channel.deleted.app_error",
}
"""Ids that one fact chooses, where the fact itself is not the id's part."""

_RETRY: Final = frozenset((_R.UNAVAILABLE, _R.BUSY, _R.SIGN_IN_THROTTLED, _R.CHANNEL_RATE_EXCEEDED))


class AppError(msgspec.Struct):
    """The body of every error."""

    id: str
    message: str
    detailed_error: str
    request_id: str
    status_code: int


class _Facts(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return {"operation": "This operation", "faults": ""}.get(name, name)


def app_error(error: DomainError, request_id: str) -> AppError:
    """Return the error as clients know it."""
    shape, facts = SHAPES[error.reason], _Facts(error.facts)
    chosen = (
        _VARIANTS[error.reason, name, value]
        for name, value in error.facts.items()
        if (error.reason, name, value) in _VARIANTS
    )
    return AppError(
        id=next(chosen, shape.id).format_map(facts),
        message=shape.message.format_map(facts),
        detailed_error="",
        request_id=request_id,
        status_code=shape.status,
    )


def retry_after(error: DomainError) -> int | None:
    """Return after how many seconds to try again; None where trying again does not help."""
    if error.reason not in _RETRY:
        return None
    try:
        return max(1, round(float(error.facts.get("retry_after_s", "1"))))
    except ValueError:
        return 1
