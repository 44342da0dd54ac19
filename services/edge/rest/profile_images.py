"""Pictures of users: their own, or the initial of their name."""

import asyncio
from collections.abc import Sequence
from typing import Final

from aiohttp import hdrs, web

from services.chassis.errors import DomainError, Reason
from services.edge.clients.auth import AuthClient
from services.edge.clients.profile_images import ProfileImageClient
from services.edge.dialect.client_config import VERSION
from services.edge.dialect.pictures import initial
from services.edge.rest.kit import Call, Route, ok
from services.edge.rest.uploads import fields_of
from services.edge.rest.visibility import Visibility

MAX_BYTES: Final = 7 * 1024 * 1024
"""Of a picture that is brought: what a call within the mesh can carry."""
_OWN: Final = "max-age=86400, private"
_DEFAULT: Final = "max-age=300, private"


class ProfileImages:
    """The operations on pictures of users."""

    def routes(self) -> Sequence[Route]:
        """Return the route table."""
        return (
            Route("GET", "/users/{user_id}/image", self.get),
            Route("GET", "/users/{user_id}/image/default", self.default),
            Route("POST", "/users/{user_id}/image", self.put, streams=True),
            Route("DELETE", "/users/{user_id}/image", self.reset),
        )

    def __init__(self, auth: AuthClient, images: ProfileImageClient, visibility: Visibility) -> None:
        """auth says who has brought one, files keeps them."""
        self._auth, self._images, self._visibility = auth, images, visibility

    async def get(self, call: Call) -> web.StreamResponse:
        """Return a user's picture."""
        return await self._picture(call, default=False)

    async def default(self, call: Call) -> web.StreamResponse:
        """Return the picture that a user has who brought none."""
        return await self._picture(call, default=True)

    async def _picture(self, call: Call, *, default: bool) -> web.StreamResponse:
        user_id = call.id("user_id")
        await self._visibility.require(call.caller, (user_id,))
        user = await self._auth.user(user_id)
        own = user.last_picture_update_ms > 0 and not default
        tag = f"{VERSION}.{user.last_picture_update_ms}.{'' if own else user.username}"
        headers = {hdrs.ETAG: tag, hdrs.CACHE_CONTROL: _OWN if own else _DEFAULT}
        if call.request.headers.get(hdrs.IF_NONE_MATCH) == tag:
            return web.Response(status=304, headers=headers)
        if own:
            picture = await self._images.get(call.caller, user_id)
        else:  # drawn once a name: milliseconds, in which no socket is to wait
            picture = await asyncio.to_thread(initial, user.username)
        return web.Response(body=picture, headers={**headers, hdrs.CONTENT_TYPE: "image/png"})

    async def put(self, call: Call) -> web.StreamResponse:
        """Give a user the picture of a form's `image`."""
        if (call.request.content_length or 0) > MAX_BYTES + 4096:
            raise DomainError(Reason.PICTURE_TOO_LARGE, limit=MAX_BYTES)
        if not call.request.content_type.startswith("multipart/"):
            raise DomainError(Reason.INVALID_PICTURE, fault="no_file")
        image = (await fields_of(call.request, MAX_BYTES)).get("image", b"")
        if len(image) > MAX_BYTES:
            raise DomainError(Reason.PICTURE_TOO_LARGE, limit=MAX_BYTES)
        if not image:
            raise DomainError(Reason.INVALID_PICTURE, fault="no_file")
        await self._images.put(call.caller, call.id("user_id"), image)
        return ok()

    async def reset(self, call: Call) -> web.StreamResponse:
        """Give a user the default picture again."""
        await self._images.reset(call.caller, call.id("user_id"))
        return ok()
