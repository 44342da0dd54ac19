"""Who drives the load's process: a phase is asked for, and its figures come back."""

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from deploy.local.paths import REPOSITORY
from deploy.local.trouble import Trouble


@dataclass(frozen=True, slots=True)
class Crew:
    """How many of what there are."""

    people: int = 40
    channels: int = 10
    workers: int = 32
    """Requests under way at once."""
    sockets: int = 200
    admin: str = ""
    """login:password, on a server that has users."""


class Generator:
    """The load's process."""

    def __init__(self, url: str, crew: Crew) -> None:
        command = [sys.executable, "-m", "tests.load.load", "--url", url, "--admin", crew.admin]
        command += ["--people", str(crew.people), "--channels", str(crew.channels)]
        command += ["--workers", str(crew.workers), "--sockets", str(crew.sockets)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
        )

    def ask(self, phase: str, seconds: float, most: int | None = None) -> dict[str, Any]:
        """Run a phase for so long, or so many requests; its figures. Raises Trouble with what the server said."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"phase": phase, "seconds": seconds, "most": most}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        figures: dict[str, Any] = json.loads(line) if line else {"error": "the load's process ended"}
        if "error" in figures:
            raise Trouble(f"{phase}: {figures['error']}")
        return figures

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
