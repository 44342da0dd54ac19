"""Who drives the load's process: a phase is asked for, and its figures come back."""

import json
import subprocess
import sys
from typing import Any

from deploy.local.paths import REPOSITORY
from deploy.local.trouble import Trouble
from tests.load.crowd import Crew


class Generator:
    """The load's process."""

    def __init__(self, url: str, crew: Crew, program: str = "tests.load.load") -> None:
        """`program`: the module that makes the load, for servers of another protocol."""
        command = [sys.executable, "-m", program, "--url", url, "--admin", crew.admin]
        command += ["--people", str(crew.people), "--channels", str(crew.channels)]
        command += ["--workers", str(crew.workers), "--sockets", str(crew.sockets)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
        )
        self._asked = ""

    def ask(self, phase: str, seconds: float, most: int | None = None, **how: Any) -> dict[str, Any]:
        """Run a phase for so long, or so many requests; its figures. Raises Trouble with what the server said."""
        self.begin(phase, seconds, most, **how)
        return self.end()

    def begin(self, phase: str, seconds: float, most: int | None = None, **how: Any) -> None:
        """Have a phase begin; `how` are options of its own. Take its figures by `end`."""
        assert self._process.stdin is not None
        self._asked = phase
        self._process.stdin.write(json.dumps({"phase": phase, "seconds": seconds, "most": most, "how": how}) + "\n")
        self._process.stdin.flush()

    def end(self) -> dict[str, Any]:
        """Wait until the phase is done; its figures. Raises Trouble with what the server said."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        figures: dict[str, Any] = json.loads(line) if line else {"error": "the load's process ended"}
        if "error" in figures:
            raise Trouble(f"{self._asked}: {figures['error']}")
        return figures

    def close(self) -> None:
        """End it."""
        self._process.kill()
        with self._process:  # waits, and closes the pipes
            pass
