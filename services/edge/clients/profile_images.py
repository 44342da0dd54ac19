"""Calls about pictures of users: of auth who has one, of files what it looks like."""

from chorus.auth.v1 import accounts_pb2, accounts_pb2_grpc
from chorus.files.v1 import profile_images_pb2, profile_images_pb2_grpc
from services.chassis.rpc.client import Peer
from services.edge.caller import Caller
from services.edge.clients.actor import actor


class ProfileImageClient:
    """Pictures that users have brought."""

    def __init__(self, auth: Peer, files: Peer) -> None:
        """The two services that each keep a part of them."""
        self._auth, self._files = auth, files
        self._accounts = accounts_pb2_grpc.AccountServiceStub(auth.channel)
        self._images = profile_images_pb2_grpc.ProfileImageServiceStub(files.channel)

    async def put(self, caller: Caller, user_id: str, image: bytes) -> None:
        """Give a user a picture: it is there before anybody hears of it."""
        check = accounts_pb2.CheckEditRequest(actor=actor(caller), user_id=user_id)
        await self._auth.call(self._accounts.CheckEdit, check)
        put = profile_images_pb2.PutProfileImageRequest(actor=actor(caller), user_id=user_id, image=image)
        await self._files.call(self._images.PutProfileImage, put)
        await self._set(caller, user_id, own=True)

    async def reset(self, caller: Caller, user_id: str) -> None:
        """Give a user the default picture again."""
        await self._set(caller, user_id, own=False)

    async def _set(self, caller: Caller, user_id: str, *, own: bool) -> None:
        request = accounts_pb2.SetPictureRequest(actor=actor(caller), user_id=user_id, own=own)
        await self._auth.call(self._accounts.SetPicture, request)

    async def get(self, caller: Caller, user_id: str) -> bytes:
        """Return the picture that a user has brought."""
        request = profile_images_pb2.GetProfileImageRequest(actor=actor(caller), user_id=user_id)
        return (await self._files.call(self._images.GetProfileImage, request)).image
