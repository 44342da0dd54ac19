"""`make api-coverage`: the operations by tier, how many the edge serves, and how many the tests have seen work.

With --write, docs/api.md is brought up to date. The last line is one JSON object: per tier total, implemented, tested.
An operation is tested when a run of the end-to-end tests saw a success of the right shape and a refusal.
"""

import argparse
import json
from pathlib import Path

from tests.coverage.operations import NEVER_REFUSED, TIERS, Operation, implemented, operations
from tests.coverage.sightings import ROOT, read

DOCUMENT = ROOT / "docs" / "api.md"

_HEAD = """# The API

Operations that this server has, of those that clients of the Mattermost v4 API know, by tier: what a web client needs
to boot and chat, the core of the product, administration, what goes beyond, what a licence switches on, and what is
kept for old clients. The WebSocket is among them as `WS`. What is not implemented answers 501 and says its name.

This file is made from the edge's route tables by `make api-coverage WRITE=1`; a test fails when it is out of
date. How many there are of each tier, and how many have been seen to work, is printed by `make api-coverage`.
"""


def document() -> str:
    """Return docs/api.md as the route tables want it."""
    served = implemented()
    by_tier = {tier: [one for one in operations() if one.tier == tier] for tier in TIERS}
    parts = [_HEAD]
    for tier, all_ in by_tier.items():
        here = [one for one in all_ if one.key in served]
        missing = [one for one in all_ if one.key not in served] if tier == "boot" else []
        if here:
            parts.append(f"\n## {tier}\n\n| | path | answered by |\n| --- | --- | --- |\n" + "".join(map(_row, here)))
        if missing:
            parts.append("\nNot yet:\n\n" + "".join(f"- `{one.method} {one.path}`\n" for one in missing))
    return "".join(parts)


def _row(operation: Operation) -> str:
    return f"| {operation.method} | `{operation.path}` | {operation.owner} |\n"


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="bring docs/api.md up to date")
    if parser.parse_args().write:
        Path(DOCUMENT).write_text(document(), "utf-8")
    served, seen = implemented(), read()
    if not seen:
        print("No run of the end-to-end tests has seen this code: make test TESTS=tests/e2e")
    figures: dict[str, dict[str, int]] = {}
    for tier in TIERS:
        all_ = [one for one in operations() if one.tier == tier]
        here = [one for one in all_ if one.key in served]
        tested = 0
        for one in here:
            sighting = seen.get(one.key, {"success": False, "refusal": False})
            unseen = [] if sighting["success"] else ["success"]
            unseen += [] if sighting["refusal"] or one.key in NEVER_REFUSED else ["refusal"]
            tested += not unseen
            if unseen and seen:
                print(f"{tier:9} not seen: {' and '.join(unseen):19} {one.method} {one.path}")
        for one in all_ if tier == "boot" else ():
            if one.key not in served:
                print(f"{tier:9} not implemented:              {one.method} {one.path}")
        figures[tier] = {"total": len(all_), "implemented": len(here), "tested": tested}
    for tier, figure in figures.items():
        print(f"{tier:9}" + "".join(f" {count:5} {name}" for name, count in figure.items()))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
