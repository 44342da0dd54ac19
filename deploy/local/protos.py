"""`make protos`: the Python code of every contract under protos/, into build/protos.

buf/validate/validate.proto, which our contracts import, comes in no wheel as text. protovalidate carries its
descriptor, though, so protoc gets it as a descriptor set beside our sources. The same run leaves build/chorus.binpb,
an image of all contracts with their comments, which `buf lint` and `buf breaking` read.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

import grpc_tools
from google.protobuf import descriptor_pb2, duration_pb2, field_mask_pb2, timestamp_pb2
from protovalidate._gen.buf.validate import validate_pb

from deploy.local.paths import REPOSITORY

SOURCES = REPOSITORY / "protos"
TARGET = REPOSITORY / "build" / "protos"
IMAGE = REPOSITORY / "build" / "chorus.binpb"
VALIDATE = "buf/validate/validate.proto"


def generate(sources: Path, target: Path, image: Path) -> int:
    """Replace the code in `target` by that of all contracts under `sources`, and `image` by theirs; how many there are.

    Raises subprocess.CalledProcessError after protoc has said on stderr what is wrong and where.
    """
    contracts = sorted(path.relative_to(sources).as_posix() for path in sources.rglob("*.proto"))
    fresh = target.with_name(target.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    validate = fresh.with_name("validate.binpb")
    validate.write_bytes(_validate_and_what_it_imports().SerializeToString())
    _protoc([f"--descriptor_set_in={validate}", f"--python_out={fresh}", f"--mypy_out=quiet:{fresh}", VALIDATE])
    if contracts:
        _protoc(
            [
                f"--descriptor_set_in={validate}",
                f"--proto_path={sources}",
                f"--proto_path={Path(grpc_tools.__file__).parent / '_proto'}",
                f"--proto_path={sysconfig.get_path('purelib')}",
                f"--python_out={fresh}",
                f"--grpc_python_out={fresh}",
                f"--mypy_out=quiet:{fresh}",
                f"--mypy_grpc_out=only_async,quiet:{fresh}",
                "--include_imports",
                "--include_source_info",
                f"--descriptor_set_out={image}",
                *contracts,
            ]
        )
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
    return len(contracts)


def _validate_and_what_it_imports() -> descriptor_pb2.FileDescriptorSet:
    files = descriptor_pb2.FileDescriptorSet()
    for module in (descriptor_pb2, duration_pb2, field_mask_pb2, timestamp_pb2):
        module.DESCRIPTOR.CopyToProto(files.file.add())
    files.file.add().ParseFromString(validate_pb.desc().proto.to_binary())
    return files


def _protoc(arguments: Sequence[str]) -> None:
    # protoc looks for the plugins protoc-gen-mypy and protoc-gen-mypy_grpc on PATH; they lie beside our Python.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", *arguments], check=True, env={**os.environ, "PATH": path}
    )


if __name__ == "__main__":
    try:
        count = generate(SOURCES, TARGET, IMAGE)
    except subprocess.CalledProcessError:
        sys.exit("The contracts under protos/ do not compile: see protoc's message above.")
    print(f"{count} contracts → {TARGET.relative_to(REPOSITORY)}")
