"""Links in the text of posts. On the path of every post, of any text at all: each step is linear in its length."""

import re
from typing import Final

_LINK: Final = re.compile(r"https?://[^\s<>()\[\]\"'`]+(?:\([^\s<>()]*\)[^\s<>()\[\]\"'`]*)*", re.IGNORECASE)
_TICKS: Final = re.compile(r"`+")
_FENCES: Final = ("```", "~~~")
_INDENTED: Final = ("    ", "\t")
_TRAILING: Final = ".,:;!?*_~"


def first_link(message: str) -> str:
    """Return the first link of a text that is not in code; empty for none."""
    if "://" not in message:
        return ""
    found = _LINK.search(_without_spans(_without_blocks(message)))
    return found[0].rstrip(_TRAILING) if found else ""


def _without_blocks(message: str) -> str:
    """Leave out fenced and indented code."""
    kept, fence = [], ""
    for line in message.splitlines():
        start = line.lstrip()
        if fence:
            if start.startswith(fence):
                fence = ""
        elif start.startswith(_FENCES):
            fence = start[:3]
        elif not line.startswith(_INDENTED):
            kept.append(line)
    return "\n".join(kept)


def _without_spans(text: str) -> str:
    """Leave out what stands between runs of equally many backticks."""
    runs = [run.span() for run in _TICKS.finditer(text)]
    if not runs:
        return text
    following: list[int | None] = [None] * len(runs)  # for each run, the next one of its length
    latest: dict[int, int] = {}
    for number in range(len(runs) - 1, -1, -1):
        start, end = runs[number]
        following[number] = latest.get(end - start)
        latest[end - start] = number
    kept, at, number = [], 0, 0
    while number < len(runs):
        closing = following[number]
        if closing is None:
            number += 1
            continue
        kept.append(text[at : runs[number][0]])
        at, number = runs[closing][1], closing + 1
    return " ".join([*kept, text[at:]])
