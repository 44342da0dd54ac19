"""The signed-in user who makes a request, as the edge knows it."""

from dataclasses import dataclass

from services.chassis.permissions import granted


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf the edge calls; travels to the services as `Actor`."""

    user_id: str
    session_id: str
    roles: tuple[str, ...]
    connection_id: str = ""
    """The WebSocket connection that the change comes from, to spare it the echo; empty for none."""

    def may(self, permission: str) -> bool:
        """Say whether the system roles list `permission`; teams and channels are the services' matter."""
        return granted(self.roles, permission)

    @property
    def is_admin(self) -> bool:
        """Whether this is a system administrator."""
        return self.may("manage_system")

    @property
    def sees_everybody(self) -> bool:
        """Whether every user is visible; guests see only those with whom they share a channel."""
        return self.may("view_members")


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in that lasts, as auth vouched for it."""

    id: str
    user_id: str
    roles: tuple[str, ...]
    expires_at_ms: int
    """When it ends, in ms since the epoch; 0 for never."""
    csrf: str
    """What a cookie's request must repeat in X-CSRF-Token."""

    def caller(self, connection_id: str = "") -> Caller:
        """Return the user behind it."""
        return Caller(self.user_id, self.id, self.roles, connection_id)
