"""The contracts keep their own rules."""

import importlib
from collections.abc import Iterator

import pytest
from google.protobuf import descriptor

from chorus.common.v1 import access_pb2
from services.chassis.rpc.server import Undeclared, access_of
from tests.architecture.sources import ROOT

SECRET_WORDS = ("password", "token", "mfa_code", "secret")


def files() -> Iterator[descriptor.FileDescriptor]:
    for path in sorted((ROOT / "protos").rglob("*.proto")):
        name = ".".join(path.relative_to(ROOT / "protos").with_suffix("").parts) + "_pb2"
        yield importlib.import_module(name).DESCRIPTOR


def methods() -> list[descriptor.MethodDescriptor]:
    return [m for file in files() for service in file.services_by_name.values() for m in service.methods]


@pytest.mark.parametrize("method", methods(), ids=lambda method: method.full_name)
def test_every_method_declares_who_may_call_it(method: descriptor.MethodDescriptor) -> None:
    access = access_of(method)
    assert set(access.callers) <= {"edge", "auth", "messaging", "presence", "files"}


def test_a_method_without_a_rule_is_refused() -> None:
    class Bare:
        full_name = "chorus.test.v1.BareService.Do"
        input_type = access_pb2.Access.DESCRIPTOR

        @staticmethod
        def GetOptions() -> object:  # noqa: N802 - protobuf's name
            return methods()[0].GetOptions().__class__()

    with pytest.raises(Undeclared):
        access_of(Bare())  # type: ignore[arg-type]


def test_every_secret_field_is_marked() -> None:
    unmarked = [
        field.full_name
        for file in files()
        for message in file.message_types_by_name.values()
        for field in message.fields
        if any(word in field.name for word in SECRET_WORDS)
        and field.type in (field.TYPE_STRING, field.TYPE_BYTES)
        and not field.GetOptions().Extensions[access_pb2.sensitive]
    ]
    assert not unmarked
