"""Calls about custom emoji: of messaging their names, of files their pictures."""

from collections.abc import Sequence

from chorus.files.v1 import emoji_images_pb2, emoji_images_pb2_grpc
from chorus.messaging.v1 import emoji_pb2, emoji_pb2_grpc
from services.chassis.rpc.client import Peer
from services.edge.caller import Caller
from services.edge.clients.actor import actor


class EmojiClient:
    """Custom emoji."""

    def __init__(self, messaging: Peer, files: Peer) -> None:
        """The two services that each keep a part of them."""
        self._messaging, self._files = messaging, files
        self._emoji = emoji_pb2_grpc.EmojiServiceStub(messaging.channel)
        self._images = emoji_images_pb2_grpc.EmojiImageServiceStub(files.channel)

    async def create(self, caller: Caller, emoji_id: str, name: str, image: bytes) -> emoji_pb2.Emoji:
        """Make an emoji: its picture is there before anybody hears of it."""
        check = emoji_pb2.CheckNewEmojiRequest(actor=actor(caller), name=name)
        await self._messaging.call(self._emoji.CheckNewEmoji, check)
        put = emoji_images_pb2.PutEmojiImageRequest(actor=actor(caller), emoji_id=emoji_id, image=image)
        await self._files.call(self._images.PutEmojiImage, put)
        request = emoji_pb2.CreateEmojiRequest(actor=actor(caller), id=emoji_id, name=name)
        return (await self._messaging.call(self._emoji.CreateEmoji, request)).emoji

    async def page(self, caller: Caller, page: int, per_page: int, *, by_name: bool) -> Sequence[emoji_pb2.Emoji]:
        """Return a page of all emoji, by name or by age."""
        request = emoji_pb2.ListEmojiRequest(actor=actor(caller), page=page, per_page=per_page, by_name=by_name)
        return (await self._messaging.call(self._emoji.ListEmoji, request)).emoji

    async def find(
        self, caller: Caller, *, ids: Sequence[str] = (), names: Sequence[str] = ()
    ) -> Sequence[emoji_pb2.Emoji]:
        """Return those of the emoji that exist."""
        request = emoji_pb2.FindEmojiRequest(actor=actor(caller), ids=ids, names=names)
        return (await self._messaging.call(self._emoji.FindEmoji, request)).emoji

    async def search(self, caller: Caller, term: str, *, prefix: bool, limit: int) -> Sequence[emoji_pb2.Emoji]:
        """Return emoji whose names hold a term, or begin with it."""
        request = emoji_pb2.SearchEmojiRequest(actor=actor(caller), term=term, prefix_only=prefix, limit=limit)
        return (await self._messaging.call(self._emoji.SearchEmoji, request)).emoji

    async def delete(self, caller: Caller, emoji_id: str) -> None:
        """Remove an emoji."""
        request = emoji_pb2.DeleteEmojiRequest(actor=actor(caller), id=emoji_id)
        await self._messaging.call(self._emoji.DeleteEmoji, request)

    async def image(self, caller: Caller, emoji_id: str) -> tuple[bytes, str]:
        """Return an emoji's picture and its content type."""
        request = emoji_images_pb2.GetEmojiImageRequest(actor=actor(caller), emoji_id=emoji_id)
        answer = await self._files.call(self._images.GetEmojiImage, request)
        return answer.image, answer.content_type
