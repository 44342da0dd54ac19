"""The contracts' part of `make check`: buf's lint, and its breaking check against the last release.

Both read images made by `deploy.local.protos`, so that what is checked is exactly what is compiled.
"""

import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from deploy.local import protos
from deploy.local.paths import REPOSITORY, executable

RULES = protos.SOURCES / "buf.yaml"


def lint(image: Path) -> bool:
    """Whether the contracts of the image keep the rules of protos/buf.yaml; prints what does not."""
    return _buf("lint", str(image))


def compatible(image: Path, released: Path) -> bool:
    """Whether who speaks the released contracts understands those of the image; prints what breaks."""
    return _buf("breaking", str(image), "--against", str(released))


def last_release() -> str | None:
    """The newest release tag (v1.2.3) that HEAD builds on, if any."""
    described = subprocess.run(
        ["git", "describe", "--tags", "--abbrev=0", "--match", "v[0-9]*"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    return described.stdout.strip() or None


def released_image(tag: str, folder: Path) -> Path:
    """The image of the contracts as they were at the tag, written into `folder`."""
    archive = subprocess.run(
        ["git", "archive", "--format=tar", tag, "protos"], cwd=REPOSITORY, check=True, capture_output=True
    )
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    image = folder / "released.binpb"
    protos.generate(folder / "protos", folder / "code", image)
    return image


def _buf(command: str, *arguments: str) -> bool:
    path = ["--config", str(RULES), "--path", "chorus"]
    return subprocess.run([executable("buf"), command, *arguments, *path]).returncode == 0


def main() -> int:
    """Lint, then compare; 1 when either finds something."""
    if not lint(protos.IMAGE):
        return 1
    tag = last_release()
    if tag is None:
        print("buf lint is clean; there is no release tag yet to compare with.")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        if not compatible(protos.IMAGE, released_image(tag, Path(folder))):
            return 1
    print(f"buf lint is clean, and nothing breaks {tag}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
