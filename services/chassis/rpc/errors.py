"""`DomainError` across gRPC: a `google.rpc.Status` with an `ErrorInfo`, and back."""

from typing import Final

import grpc
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from chorus.common.v1 import errors_pb2
from services.chassis.errors import DomainError, Reason

DOMAIN: Final = "chorus"

_R = Reason
_INVALID, _DENIED, _MISSING, _EXISTS, _STATE, _EXHAUSTED = (
    code_pb2.INVALID_ARGUMENT,
    code_pb2.PERMISSION_DENIED,
    code_pb2.NOT_FOUND,
    code_pb2.ALREADY_EXISTS,
    code_pb2.FAILED_PRECONDITION,
    code_pb2.RESOURCE_EXHAUSTED,
)

CODES: Final[dict[Reason, int]] = {
    _R.INVALID_ARGUMENT: _INVALID,
    _R.INVALID_URL_PARAMETER: _INVALID,
    _R.PERMISSION_DENIED: _DENIED,
    _R.CALLER_REFUSED: _DENIED,
    _R.UNAVAILABLE: code_pb2.UNAVAILABLE,
    _R.DEADLINE_EXCEEDED: code_pb2.DEADLINE_EXCEEDED,
    _R.BUSY: _EXHAUSTED,
    _R.INTERNAL: code_pb2.INTERNAL,
    _R.NOT_IMPLEMENTED: code_pb2.UNIMPLEMENTED,
    _R.ROUTE_NOT_FOUND: _MISSING,
    _R.BODY_TOO_LARGE: _INVALID,
    _R.URL_TOO_LONG: _INVALID,
    _R.LOG_TRUNCATED: _MISSING,
    _R.SESSION_EXPIRED: code_pb2.UNAUTHENTICATED,
    _R.TOKEN_IN_QUERY: code_pb2.UNAUTHENTICATED,
    _R.INVALID_CREDENTIALS: code_pb2.UNAUTHENTICATED,
    _R.BLANK_PASSWORD: _INVALID,
    _R.USER_INACTIVE: code_pb2.UNAUTHENTICATED,
    _R.BOT_LOGIN_FORBIDDEN: code_pb2.UNAUTHENTICATED,
    _R.GUEST_LOGIN_DISABLED: code_pb2.UNAUTHENTICATED,
    _R.TOO_MANY_ATTEMPTS: code_pb2.UNAUTHENTICATED,
    _R.SIGN_IN_THROTTLED: _EXHAUSTED,
    _R.SESSION_NOT_FOUND: _MISSING,
    _R.USER_NOT_FOUND: _MISSING,
    _R.USERNAME_TAKEN: _EXISTS,
    _R.EMAIL_TAKEN: _EXISTS,
    _R.INVALID_USER: _INVALID,
    _R.INVALID_PASSWORD: _INVALID,
    _R.SIGN_UP_DISABLED: _STATE,
    _R.SIGN_UP_CLOSED: _DENIED,
    _R.EMAIL_DOMAIN_REFUSED: _INVALID,
    _R.EMAIL_HIDDEN: _DENIED,
    _R.INVALID_USER_ROLES: _INVALID,
    _R.LAST_ADMIN: _STATE,
    _R.GUESTS_DISABLED: _STATE,
    _R.ALREADY_GUEST: _STATE,
    _R.NOT_A_GUEST: _STATE,
    _R.ACTIVATION_DENIED: _DENIED,
    _R.DEACTIVATION_DISABLED: _STATE,
    _R.PASSWORD_OF_OTHER: _DENIED,
    _R.WRONG_PASSWORD: _INVALID,
    _R.INVALID_PICTURE: _INVALID,
    _R.PICTURE_TOO_LARGE: _INVALID,
    _R.PICTURE_NOT_FOUND: _MISSING,
    _R.INVALID_STATUS: _INVALID,
    _R.BOTS_DISABLED: _STATE,
    _R.BOT_NOT_FOUND: _MISSING,
    _R.ACCESS_TOKENS_DISABLED: _STATE,
    _R.INVALID_ACCESS_TOKEN: _INVALID,
    _R.ACCESS_TOKEN_NOT_FOUND: _MISSING,
    _R.INVALID_CUSTOM_STATUS: _INVALID,
    _R.CUSTOM_STATUSES_DISABLED: _STATE,
    _R.STATUSES_DISABLED: _STATE,
    _R.ROLE_NOT_FOUND: _MISSING,
    _R.INVALID_PREFERENCE: _INVALID,
    _R.PREFERENCE_OF_OTHER: _DENIED,
    _R.PREFERENCES_NOT_FOUND: _MISSING,
    _R.TEAM_NOT_FOUND: _MISSING,
    _R.TEAM_NOT_OPEN: _DENIED,
    _R.GUEST_INVITED: _DENIED,
    _R.TEAM_NAME_TAKEN: _EXISTS,
    _R.INVALID_TEAM: _INVALID,
    _R.TEAM_FULL: _STATE,
    _R.TEAM_MEMBER_NOT_FOUND: _MISSING,
    _R.TEAM_DOMAIN_REFUSED: _STATE,
    _R.CHANNEL_NOT_FOUND: _MISSING,
    _R.CHANNEL_NAME_NOT_FOUND: _MISSING,
    _R.CHANNEL_NAME_TAKEN: _EXISTS,
    _R.INVALID_CHANNEL: _INVALID,
    _R.INVALID_CHANNEL_TYPE: _INVALID,
    _R.TOO_MANY_CHANNELS: _STATE,
    _R.DEFAULT_CHANNEL_NAME_FIXED: _STATE,
    _R.DEFAULT_CHANNEL_NOT_DELETABLE: _STATE,
    _R.DEFAULT_CHANNEL_NOT_LEAVABLE: _STATE,
    _R.CHANNEL_TYPE_NOT_DELETABLE: _STATE,
    _R.CHANNEL_ALREADY_ARCHIVED: _STATE,
    _R.CHANNEL_NOT_ARCHIVED: _STATE,
    _R.DEFAULT_CHANNEL_NOT_PRIVATE: _STATE,
    _R.INVALID_MEMBER_ROLES: _INVALID,
    _R.CHANNEL_ARCHIVED: _STATE,
    _R.DIRECT_CHANNEL_USERS: _INVALID,
    _R.DIRECT_CHANNEL_NOT_LEAVABLE: _STATE,
    _R.DIRECT_CHANNEL_NOT_JOINABLE: _STATE,
    _R.GROUP_CHANNEL_SIZE: _INVALID,
    _R.INVALID_NOTIFY_PROPS: _INVALID,
    _R.THREAD_MEMBERSHIP_NOT_FOUND: _MISSING,
    _R.THREAD_NOT_FOLLOWED: _MISSING,
    _R.THREADS_PAGED_BOTH_WAYS: _INVALID,
    _R.THREADS_ONLY_NOTHING: _INVALID,
    _R.MEMBER_NOT_FOUND: _MISSING,
    _R.CHANNEL_RATE_EXCEEDED: _EXHAUSTED,
    _R.CATEGORIES_REFUSED: _STATE,
    _R.POST_NOT_FOUND: _MISSING,
    _R.POST_INVALID: _INVALID,
    _R.POST_ID_TAKEN: _EXISTS,
    _R.POST_CHANNEL_ARCHIVED: _STATE,
    _R.POST_TYPE_RESERVED: _INVALID,
    _R.ROOT_NOT_FOUND: _INVALID,
    _R.ROOT_IN_OTHER_CHANNEL: _INVALID,
    _R.ROOT_IS_REPLY: _INVALID,
    _R.POST_EDIT_EXPIRED: _STATE,
    _R.POST_EDIT_DELETED: _STATE,
    _R.POST_EDIT_SYSTEM: _STATE,
    _R.POST_EDIT_ARCHIVED: _STATE,
    _R.POST_DELETE_ARCHIVED: _STATE,
    _R.INVALID_REACTION: _INVALID,
    _R.REACTION_OF_OTHER: _DENIED,
    _R.REACTION_ARCHIVED: _STATE,
    _R.TOO_MANY_REACTIONS: _STATE,
    _R.INVALID_EMOJI: _INVALID,
    _R.EMOJI_NOT_FOUND: _MISSING,
    _R.EMOJI_OF_OTHER: _DENIED,
    _R.EMOJI_TOO_LARGE: _INVALID,
    _R.EMOJI_DISABLED: _STATE,
    _R.EMOJI_REFUSED: _DENIED,
    _R.DRAFT_INVALID: _INVALID,
    _R.DRAFTS_DISABLED: _STATE,
    _R.FILE_NOT_FOUND: _MISSING,
    _R.FILE_DELETED: _MISSING,
    _R.FILE_TOO_LARGE: _INVALID,
    _R.FILE_EMPTY: _INVALID,
    _R.FILE_ATTACHMENTS_DISABLED: _STATE,
    _R.IMAGE_TOO_LARGE: _INVALID,
    _R.NO_THUMBNAIL: _STATE,
    _R.NO_PREVIEW: _STATE,
    _R.PUBLIC_LINKS_DISABLED: _STATE,
    _R.CLIENT_IDS_MISMATCH: _INVALID,
}

_TRANSPORT: Final[dict[grpc.StatusCode, Reason]] = {
    grpc.StatusCode.UNAVAILABLE: Reason.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED: Reason.DEADLINE_EXCEEDED,
    grpc.StatusCode.RESOURCE_EXHAUSTED: Reason.BUSY,
    grpc.StatusCode.UNIMPLEMENTED: Reason.NOT_IMPLEMENTED,
}


def to_status(error: DomainError) -> grpc.Status:
    """Return the error as what a server aborts with."""
    info = error_details_pb2.ErrorInfo(reason=error.reason.value, domain=DOMAIN, metadata=error.facts)
    status = status_pb2.Status(code=CODES[error.reason], message=str(error))
    status.details.add().Pack(info)
    made: grpc.Status = rpc_status.to_status(status)
    return made


def from_rpc_error(error: grpc.aio.AioRpcError) -> DomainError:
    """Return what the peer raised; for a failure of the way there, the nearest of our own reasons."""
    status = rpc_status.from_call(error)  # type: ignore[arg-type]  # aio errors answer the same three questions
    if status is not None:
        for detail in status.details:
            info = error_details_pb2.ErrorInfo()
            if detail.Is(info.DESCRIPTOR) and detail.Unpack(info) and info.domain == DOMAIN:
                try:
                    return DomainError(Reason(info.reason), **info.metadata)
                except ValueError:  # a newer peer's reason
                    break
    return DomainError(_TRANSPORT.get(error.code(), Reason.INTERNAL), part=error.details() or error.code().name)


def to_item(error: DomainError) -> errors_pb2.ItemError:
    """Return the error as an item of a batch's answer."""
    return errors_pb2.ItemError(reason=error.reason.value, facts=error.facts)


def from_item(item: errors_pb2.ItemError) -> DomainError:
    """Return the error that an item of a batch's answer holds."""
    try:
        return DomainError(Reason(item.reason), **item.facts)
    except ValueError:  # a newer peer's reason
        return DomainError(Reason.INTERNAL, cause=item.reason)
