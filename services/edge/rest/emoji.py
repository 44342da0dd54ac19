"""Custom emoji."""

from collections.abc import Sequence
from typing import Any, Final

from aiohttp import hdrs, web

from services.chassis.config import Settings
from services.chassis.errors import DomainError, Reason
from services.chassis.ids import new_id
from services.edge.clients.emoji import EmojiClient
from services.edge.dialect import emoji as dialect
from services.edge.dialect import requests
from services.edge.rest.kit import Call, Route, answer, ok
from services.edge.rest.uploads import fields_of

_IMAGE_HEADERS: Final = {hdrs.CACHE_CONTROL: "max-age=2592000, private"}


class Emoji:
    """The operations on custom emoji."""

    def routes(self) -> Sequence[Route]:
        """Return the route table."""
        return (
            Route("POST", "/emoji", self.create),
            Route("GET", "/emoji", self.list),
            Route("POST", "/emoji/names", self.by_names),
            Route("POST", "/emoji/search", self.search),
            Route("GET", "/emoji/autocomplete", self.autocomplete),
            Route("GET", "/emoji/name/{emoji_name}", self.by_name),
            Route("GET", "/emoji/{emoji_id}", self.get),
            Route("DELETE", "/emoji/{emoji_id}", self.delete),
            Route("GET", "/emoji/{emoji_id}/image", self.image),
        )

    def __init__(self, client: EmojiClient, settings: Settings) -> None:
        """`settings` say whether there are custom emoji at all."""
        self._emoji, self._enabled = client, settings.ServiceSettings.EnableCustomEmoji

    async def create(self, call: Call) -> web.StreamResponse:
        """Make an emoji of a form's `emoji` and `image`."""
        self._require_enabled()
        if (call.request.content_length or 0) > dialect.MAX_IMAGE_BYTES + 4096:
            raise DomainError(Reason.EMOJI_TOO_LARGE, limit=dialect.MAX_IMAGE_BYTES)
        if not call.request.content_type.startswith("multipart/"):
            raise DomainError(Reason.INVALID_ARGUMENT, field="emoji")
        fields = await fields_of(call.request, dialect.MAX_IMAGE_BYTES)
        image = fields.get("image", b"")
        if len(image) > dialect.MAX_IMAGE_BYTES:
            raise DomainError(Reason.EMOJI_TOO_LARGE, limit=dialect.MAX_IMAGE_BYTES)
        name = dialect.new_name(fields.get("emoji", b""), call.caller.user_id)
        if not image:
            raise DomainError(Reason.INVALID_ARGUMENT, field="image")
        return answer(dialect.emoji_json(await self._emoji.create(call.caller, new_id(), name, image)))

    async def list(self, call: Call) -> web.StreamResponse:
        """Return a page of all emoji."""
        self._require_enabled()
        sort = call.query("sort")
        if sort not in ("", "name"):
            raise DomainError(Reason.INVALID_URL_PARAMETER, field="sort")
        return _many(await self._emoji.page(call.caller, *call.page(), by_name=sort == "name"))

    async def by_names(self, call: Call) -> web.StreamResponse:
        """Return those of the emoji that exist."""
        self._require_enabled()
        names = await call.json(requests.IDS, "names")
        if len(names) > dialect.MAX_NAMES:
            raise DomainError(Reason.INVALID_ARGUMENT, field="names")
        return _many(await self._emoji.find(call.caller, names=list(dict.fromkeys(names))) if names else ())

    async def search(self, call: Call) -> web.StreamResponse:
        """Return emoji whose names hold a term."""
        if not self._enabled:
            raise DomainError(Reason.EMOJI_REFUSED)
        body = await call.json(requests.EMOJI_SEARCH, "term")
        term = body.term or ""
        if not term or len(term) > 64:
            raise DomainError(Reason.INVALID_ARGUMENT, field="term")
        prefix = body.prefix_only in (True, "true")
        return _many(await self._emoji.search(call.caller, term, prefix=prefix, limit=dialect.FOUND))

    async def autocomplete(self, call: Call) -> web.StreamResponse:
        """Return emoji whose names begin with a text."""
        self._require_enabled()
        name = call.query("name")
        if not name or len(name) > 64:
            raise DomainError(Reason.INVALID_URL_PARAMETER, field="name")
        return _many(await self._emoji.search(call.caller, name, prefix=True, limit=dialect.SUGGESTED))

    async def by_name(self, call: Call) -> web.StreamResponse:
        """Return the emoji of a name."""
        return answer(await self._one(call, "name", names=(call.name("emoji_name"),)))

    async def get(self, call: Call) -> web.StreamResponse:
        """Return an emoji."""
        return answer(await self._one(call, "id", ids=(call.id("emoji_id"),)))

    async def delete(self, call: Call) -> web.StreamResponse:
        """Remove an emoji."""
        self._require_enabled()
        await self._emoji.delete(call.caller, call.id("emoji_id"))
        return ok()

    async def image(self, call: Call) -> web.StreamResponse:
        """Send an emoji's picture."""
        emoji_id = call.id("emoji_id")
        await self._one(call, "id", ids=(emoji_id,))
        image, kind = await self._emoji.image(call.caller, emoji_id)
        return web.Response(body=image, headers={**_IMAGE_HEADERS, hdrs.CONTENT_TYPE: kind})

    async def _one(self, call: Call, by: str, *, ids: Sequence[str] = (), names: Sequence[str] = ()) -> dict[str, Any]:
        self._require_enabled()
        found = await self._emoji.find(call.caller, ids=ids, names=names)
        if not found:
            raise DomainError(Reason.EMOJI_NOT_FOUND, by=by)
        return dialect.emoji_json(found[0])

    def _require_enabled(self) -> None:
        if not self._enabled:
            raise DomainError(Reason.EMOJI_DISABLED)


def _many(found: Sequence[Any]) -> web.Response:
    return answer([dialect.emoji_json(emoji) for emoji in found])
