"""Users: signing up, looking up, changing."""

from collections.abc import Sequence
from typing import Any, Final

from aiohttp import web

from services.chassis.config import Settings
from services.chassis.errors import DomainError, Reason
from services.chassis.ids import is_valid_id
from services.edge.caller import Caller
from services.edge.clients.auth import AuthClient
from services.edge.clients.members import MemberClient
from services.edge.clients.teams import TeamClient
from services.edge.dialect import requests, users
from services.edge.dialect.users import UserShapes
from services.edge.rest.kit import Call, Route, answer, created, tagged
from services.edge.rest.visibility import Visibility

MAX_GROUPS: Final = 1000


class Users:
    """The operations on users."""

    def routes(self) -> Sequence[Route]:
        """Return the route table."""
        return (
            Route("POST", "/users", self.create, session=False),
            Route("POST", "/users/ids", self.by_ids),
            Route("POST", "/users/usernames", self.by_usernames),
            Route("POST", "/users/group_channels", self.by_group_channels),
            Route("GET", "/users/username/{username}", self.by_username),
            Route("GET", "/users/email/{email}", self.by_email),
            Route("GET", "/users/{user_id}", self.get),
            Route("PUT", "/users/{user_id}", self.update),
            Route("PUT", "/users/{user_id}/patch", self.patch),
        )

    def __init__(
        self,
        auth: AuthClient,
        members: MemberClient,
        teams: TeamClient,
        visibility: Visibility,
        shapes: UserShapes,
        settings: Settings,
    ) -> None:
        """Users are auth's; who is where, and so who sees whom, is messaging's."""
        self._auth, self._members, self._teams = auth, members, teams
        self._visibility, self._shapes, self._privacy = visibility, shapes, settings.PrivacySettings

    async def create(self, call: Call) -> web.StreamResponse:
        """Create a user; without a session it is a sign-up, which an invitation to a team allows and leads there."""
        if call.query("t"):
            raise DomainError(Reason.NOT_IMPLEMENTED, operation="createUser with a mailed invitation")
        body = await call.json(requests.NEW_USER, "user")
        caller = call.caller if call.session is not None else None
        invite_id = call.query_id("iid")
        if invite_id:
            await self._teams.invitation(invite_id)
        user = await self._auth.create_user(caller, users.new_user(body, allow_sign_up=bool(invite_id)))
        if invite_id:
            await self._teams.join_by_invitation(Caller(user.id, "", tuple(user.roles)), invite_id)
        return created(self._shapes.for_self(user))

    async def get(self, call: Call) -> web.StreamResponse:
        """Return a user."""
        user_id = call.id("user_id")
        await self._visibility.require(call.caller, (user_id,))
        return tagged(call, self._shapes.seen_by(call.caller, await self._auth.user(user_id)))

    async def by_username(self, call: Call) -> web.StreamResponse:
        """Return a user by name."""
        try:
            user = await self._auth.user_by_username(call.name("username"))
        except DomainError as error:
            raise _not_found(error, call.caller) from None
        await self._visibility.require(call.caller, (user.id,))
        return tagged(call, self._shapes.seen_by(call.caller, user))

    async def by_email(self, call: Call) -> web.StreamResponse:
        """Return a user by mail address, where addresses are no secret."""
        if not (self._privacy.ShowEmailAddress or call.caller.is_admin):
            raise DomainError(Reason.EMAIL_HIDDEN)
        try:
            user = await self._auth.user_by_email(call.name("email"))
        except DomainError as error:
            raise _not_found(error, call.caller) from None
        await self._visibility.require(call.caller, (user.id,))
        return tagged(call, self._shapes.seen_by(call.caller, user))

    async def by_ids(self, call: Call) -> web.StreamResponse:
        """Return those of some users that exist, are visible, and changed since `since`."""
        ids = users.listed(await call.json(requests.IDS, "user_ids"), "user_ids")
        found = await self._auth.users(ids=list(filter(is_valid_id, ids)), since_ms=call.time("since"))
        return answer(await self._seen(call.caller, found))

    async def by_usernames(self, call: Call) -> web.StreamResponse:
        """Return those of some users that exist and are visible."""
        names = users.listed(await call.json(requests.IDS, "usernames"), "usernames")
        return answer(await self._seen(call.caller, await self._auth.users(usernames=names)))

    async def by_group_channels(self, call: Call) -> web.StreamResponse:
        """Return who else is in those of some channels that are the caller's group channels."""
        asked = users.listed(await call.json(requests.IDS, "channel_ids"), "channel_ids")
        if len(asked) > MAX_GROUPS:
            raise DomainError(Reason.INVALID_ARGUMENT, field="channel_ids")
        groups = await self._members.in_groups(call.caller, list(filter(is_valid_id, asked)))
        ids = sorted({user_id for members in groups.values() for user_id in members})
        found = {user.id: user for user in await self._auth.users(ids=ids)} if ids else {}
        return answer(
            {
                channel_id: [self._shapes.seen_by(call.caller, found[one]) for one in members if one in found]
                for channel_id, members in groups.items()
            }
        )

    async def update(self, call: Call) -> web.StreamResponse:
        """Change a user as a whole; what only others may change is ignored."""
        body = await call.json(requests.USER, "user")
        if body.id != call.id("user_id"):
            raise DomainError(Reason.INVALID_ARGUMENT, field="user_id")
        user = await self._auth.patch_user(call.caller, users.update(body))
        return answer(self._shapes.seen_by(call.caller, user))

    async def patch(self, call: Call) -> web.StreamResponse:
        """Change parts of a user."""
        body = await call.json(requests.USER_PATCH, "user")
        user = await self._auth.patch_user(call.caller, users.patch(body, call.id("user_id")))
        return answer(self._shapes.seen_by(call.caller, user))

    async def _seen(self, caller: Caller, found: Sequence[Any]) -> Sequence[dict[str, Any]]:
        """Return users as the caller may see them, without those whom it may not see at all."""
        return [self._shapes.seen_by(caller, user) for user in await self._visibility.only(caller, found, "id")]


def _not_found(error: DomainError, caller: Caller) -> DomainError:
    """Return the same error; for whoever does not see everybody an unknown user looks like a hidden one."""
    if error.reason is Reason.USER_NOT_FOUND and not caller.sees_everybody:
        return DomainError(Reason.PERMISSION_DENIED, permission="view_members")
    return error
