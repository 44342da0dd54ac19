"""The real clients: installed as they are published, each apart from everything of ours, and run as programs."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.paths import REPOSITORY
from tests.tools import need

_HERE = Path(__file__).parent
_BUILD = REPOSITORY / "build" / "compat"
_INSTALL_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Program:
    """How to run one side of the conversation."""

    name: str
    command: Sequence[str]
    environ: Mapping[str, str]

    def start(self, *, quiet: bool = False) -> subprocess.Popen[str]:
        """Run it, with pipes to talk through; what a quiet one complains of goes nowhere."""
        return subprocess.Popen(
            self.command,
            env={**os.environ, **self.environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if quiet else subprocess.PIPE,
            text=True,
        )


def mattermostdriver() -> Program:
    """The Python client that most scripts use."""
    return _python("mattermostdriver", "chat.py", "with_mattermostdriver")


def mattermostautodriver() -> Program:
    """The Python client that is generated from the API's description."""
    return _python("mattermostautodriver", "chat.py", "with_mattermostautodriver")


def mmpy_bot() -> Program:
    """The framework for bots in Python, with one small bot."""
    return _python("mmpy_bot", "bot.py")


def _python(name: str, *arguments: str) -> Program:
    """A program in a virtual environment of its own, which holds what the lock file of this name says."""
    source = _HERE / "python"
    lock = source / f"{name}.txt"
    place = _place(name, lock)
    if not place.exists():
        fresh = place.with_name(f"{place.name}.{os.getpid()}")
        _run([sys.executable, "-m", "venv", str(fresh)])
        pip = [str(fresh / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        _run([*pip, "--no-deps", "--require-hashes", "-r", str(lock)])
        fresh.rename(place)
    script, *rest = arguments
    return Program(name, [str(place / "bin" / "python"), str(source / script), *rest], {"PYTHONUNBUFFERED": "1"})


def go_client() -> Program:
    """The Go client of the server's own project, built into one program."""
    go, source = need("go"), _HERE / "go"
    sources = sorted(path for path in source.iterdir() if path.is_file())
    place = _place("go", *sources)
    if not place.exists():
        fresh = place.with_name(f"{place.name}.{os.getpid()}")
        # Modules stay in Go's own cache: it is read-only, and `make clean` could not remove it from here.
        command = [go, "build", "-mod=readonly", "-buildvcs=false", "-o", str(fresh), "."]
        _run(command, cwd=source, environ={"GOFLAGS": ""})
        fresh.rename(place)
    return Program("go-client", [str(place)], {})


def mattermost_client(program: str = "chat") -> Program:
    """The JavaScript client, as `npm ci` installs it, in programs that its own types were checked against."""
    node, npm, source = need("node"), need("npm"), _HERE / "node"
    sources = sorted(path for path in source.iterdir() if path.is_file())
    place = _place("node", *sources)
    if not place.exists():
        fresh = place.with_name(f"{place.name}.{os.getpid()}")
        fresh.mkdir(parents=True)
        for path in sources:
            shutil.copy(path, fresh)
        _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(fresh)])
        _run([node, str(fresh / "node_modules" / "typescript" / "bin" / "tsc"), "--project", str(fresh)])
        fresh.rename(place)
    # Node has a WebSocket of its own; before 22 it wants to be asked for it.
    command = [node, "--experimental-websocket", "--no-warnings", str(place / "programs" / f"{program}.js")]
    return Program("@mattermost/client", command, {})


def _place(name: str, *sources: Path) -> Path:
    return _BUILD / f"{name}-{hashlib.sha256(b''.join(path.read_bytes() for path in sources)).hexdigest()[:12]}"


def _run(command: Sequence[str], cwd: Path | None = None, environ: Mapping[str, str] | None = None) -> None:
    result = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **(environ or {})},
        capture_output=True,
        text=True,
        timeout=_INSTALL_SECONDS,
        stdin=subprocess.DEVNULL,
    )
    assert result.returncode == 0, f"{' '.join(command)}: {result.stdout[-2000:]}{result.stderr[-2000:]}"
