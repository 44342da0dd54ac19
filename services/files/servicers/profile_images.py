"""ProfileImageService: unpack, operation, pack."""

from typing import Any

import grpc

from chorus.files.v1 import profile_images_pb2, profile_images_pb2_grpc
from services.files.operations.profile_images import ProfileImages

Context = grpc.aio.ServicerContext[Any, Any]


class ProfileImageServicer(profile_images_pb2_grpc.ProfileImageServiceServicer):
    """Pictures of users over gRPC."""

    def __init__(self, images: ProfileImages) -> None:
        """Serve these."""
        self._images = images

    async def PutProfileImage(
        self, request: profile_images_pb2.PutProfileImageRequest, context: Context
    ) -> profile_images_pb2.PutProfileImageResponse:
        """Keep a picture."""
        await self._images.put(request.user_id, request.image)
        return profile_images_pb2.PutProfileImageResponse()

    async def GetProfileImage(
        self, request: profile_images_pb2.GetProfileImageRequest, context: Context
    ) -> profile_images_pb2.GetProfileImageResponse:
        """Return a picture."""
        return profile_images_pb2.GetProfileImageResponse(image=await self._images.get(request.user_id))
