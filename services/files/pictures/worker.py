"""A worker: reads a task a line, answers a line; ends with its input. It holds no secret and may be killed any time."""

import base64
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any, Final

from services.files.pictures.looking import measure, tags
from services.files.pictures.rendering import TooLarge, portray, render, shrink

_MEMORY: Final = 2 * 1024**3


def main() -> None:
    """Work until standard input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(5)  # chat goes first
    for line in sys.stdin:
        task = json.loads(line)
        print(json.dumps(_answer(task)), flush=True)


def _answer(task: dict[str, Any]) -> dict[str, Any]:
    folder = Path(task["folder"])
    try:
        if "measure" in task:
            return measure(folder)
        if "charset" in task:
            return tags(folder, task["charset"])
        if "portrait" in task:
            return portray(folder, task["max_pixels"], task["portrait"])
        if "side" in task:
            return shrink(folder, task["limit"], task["side"])
        made = render(folder, task["max_pixels"])
    except TooLarge:
        return {"failed": "too_large"}
    except Exception as error:  # Pillow raises anything at all for broken files, and so does a page's parser
        return {"failed": "unreadable", "why": f"{type(error).__name__}: {error}"[:200]}
    return {**made, "mini": base64.b64encode(made["mini"]).decode()}


if __name__ == "__main__":
    main()
