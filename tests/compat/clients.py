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

    def start(self) -> subprocess.Popen[str]:
        """Run it, with pipes to talk through."""
        return subprocess.Popen(
            self.command,
            env={**os.environ, **self.environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def mattermostdriver() -> Program:
    """The Python client, in a virtual environment of its own."""
    source = _HERE / "python"
    place = _place("python", source / "requirements.txt")
    python = str(place / "bin" / "python")
    if not place.exists():
        fresh = place.with_name(f"{place.name}.{os.getpid()}")
        _run([sys.executable, "-m", "venv", str(fresh)])
        pip = [str(fresh / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        _run([*pip, "--no-deps", "--require-hashes", "-r", str(source / "requirements.txt")])
        fresh.rename(place)
    return Program("mattermostdriver", [python, str(source / "chat.py")], {"PYTHONUNBUFFERED": "1"})


def mattermost_client() -> Program:
    """The JavaScript client, as `npm ci` installs it."""
    node, npm, source = need("node"), need("npm"), _HERE / "node"
    place = _place("node", source / "package-lock.json")
    if not place.exists():
        fresh = place.with_name(f"{place.name}.{os.getpid()}")
        fresh.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(source / name, fresh / name)
        _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(fresh)])
        fresh.rename(place)
    # Node has a WebSocket of its own; before 22 it wants to be asked for it.
    command = [node, "--experimental-websocket", "--no-warnings", str(source / "chat.js")]
    return Program("@mattermost/client", command, {"NODE_PATH": str(place / "node_modules")})


def _place(name: str, lock: Path) -> Path:
    return _BUILD / f"{name}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"


def _run(command: Sequence[str]) -> None:
    result = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_SECONDS, stdin=subprocess.DEVNULL)
    assert result.returncode == 0, f"{' '.join(command)}: {result.stdout[-2000:]}{result.stderr[-2000:]}"
