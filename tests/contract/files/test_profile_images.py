"""Pictures of users through generated stubs, real workers and a real database."""

import io

import pytest
from PIL import Image

from chorus.common.v1 import actor_pb2
from chorus.files.v1 import profile_images_pb2 as pb
from chorus.files.v1 import profile_images_pb2_grpc
from services.chassis.errors import Reason
from services.chassis.ids import new_id
from tests.contract.files.conftest import Files, picture
from tests.contract.served import refused

ACTOR = actor_pb2.Actor(user_id="a" * 26, roles=["system_user"])


async def _put(files: Files, user_id: str, image: bytes) -> None:
    stub = profile_images_pb2_grpc.ProfileImageServiceStub(files.caller.channel)
    await files.caller.call(stub.PutProfileImage, pb.PutProfileImageRequest(actor=ACTOR, user_id=user_id, image=image))


async def _get(files: Files, user_id: str) -> bytes:
    stub = profile_images_pb2_grpc.ProfileImageServiceStub(files.caller.channel)
    request = pb.GetProfileImageRequest(actor=ACTOR, user_id=user_id)
    return (await files.caller.call(stub.GetProfileImage, request)).image


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
async def test_a_picture_is_made_square_and_replaces_the_one_before(files: Files, kind: str) -> None:
    user_id = new_id()
    with refused(Reason.PICTURE_NOT_FOUND):
        await _get(files, user_id)
    await _put(files, user_id, picture("PNG", (10, 10), "L"))
    first = await _get(files, user_id)
    await _put(files, user_id, picture(kind, (300, 200)))
    kept = await _get(files, user_id)
    assert kept != first
    with Image.open(io.BytesIO(kept)) as image:
        assert (image.format, image.size) == ("PNG", (128, 128))
    assert files.kept() == []  # nothing stays behind where it was made small


async def test_hostile_pictures_are_refused(files: Files) -> None:
    for image, fault in ((b"no picture", "decode"), (picture("PNG", (2001, 2000), "1"), "check_image_limits")):
        with refused(Reason.INVALID_PICTURE, fault=fault):
            await _put(files, new_id(), image)
    assert files.kept() == []
