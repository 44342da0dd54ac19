"""`chorus`: run, look at and grow a mesh on this machine."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.cli import configuration, demo, logs, running, sample_data, status
from deploy.local.paths import DEFAULT_DATA
from deploy.local.ports import DEFAULT_FRONT
from deploy.local.topology import SERVICES
from deploy.local.trouble import Trouble

_ABOUT = """\
Chorus on one machine: a mesh of five services (auth, messaging, presence, files, edge)
with Envoy in front, PostgreSQL with a streaming replica, and Redis.

  chorus up                  start everything, wait until it is ready, say how to use it
  chorus status              who runs, how healthy, and why not
  chorus logs messaging -f   follow the logs of all messaging instances
  chorus scale edge 3        a third edge takes traffic; scale edge 2 drains it again
  chorus config              every setting in force, and where it comes from
  chorus sample-data         people, teams, channels and posts to look at
  chorus demo                half a minute of people talking through two edges while one is killed
  chorus down                stop; data stays for the next `chorus up`
"""

_MORE = """\
A mesh lives in one folder (--data). Its front port decides all others, within a block of a hundred, so
several meshes run side by side:

  chorus up --data data-b --port 8165

Settings: config.json in the data folder, in Mattermost's format, and MM_SECTION_KEY environment variables.
Logs: one file for each process in the folder logs. Exit code 0: done, and healthy; 1: not, and why; 2: usage.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; its exit code."""
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except Trouble as trouble:
        print(f"chorus: {trouble}", file=sys.stderr)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"chorus: {where}{error.strerror or error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("chorus: interrupted; what was started keeps running (chorus status, chorus down).", file=sys.stderr)
        return 130
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="chorus", description=_ABOUT, epilog=_MORE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--data",
        type=Path,
        default=Path(os.environ.get("CHORUS_DATA") or DEFAULT_DATA),
        metavar="DIR",
        help="the mesh's folder (default: $CHORUS_DATA, or data in the clone)",
    )
    common.add_argument(
        "--port", type=_port, metavar="P", help=f"front port (default: that of the last time, or {DEFAULT_FRONT})"
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    up = commands.add_parser("up", parents=[common], help="start the mesh, or what is missing of it")
    up.set_defaults(run=running.up)

    down = commands.add_parser("down", parents=[common], help="stop the mesh; data stays")
    down.set_defaults(run=running.down)

    state = commands.add_parser("status", parents=[common], help="every process: health, address, sockets, lag")
    state.add_argument("--json", action="store_true", help="for machines")
    state.set_defaults(run=status.show)

    log = commands.add_parser("logs", parents=[common], help="what a process, or all of a service, had to say")
    log.add_argument("service", metavar="SERVICE", help="edge, edge-1, postgres-primary, envoy, redis, supervisord …")
    log.add_argument("-f", "--follow", action="store_true", help="go on with what comes")
    log.add_argument("-n", "--lines", type=int, default=50, metavar="N", help="the last N lines of each (default 50)")
    log.set_defaults(run=logs.show)

    scale = commands.add_parser("scale", parents=[common], help="run N instances of a service")
    scale.add_argument("service", choices=SERVICES, metavar="SERVICE", help=", ".join(SERVICES))
    scale.add_argument("count", type=int, metavar="N")
    scale.set_defaults(run=running.scale)

    play = commands.add_parser("demo", help="people on two edges talk, one is killed; on a mesh of its own")
    play.add_argument(
        "--pace", type=float, default=demo.PACE, metavar="S", help=f"seconds between lines (default {demo.PACE})"
    )
    play.set_defaults(run=demo.show)

    sample_data.add(commands, common)

    config = commands.add_parser("config", parents=[common], help="the settings in force, and where they come from")
    config.add_argument(
        "pattern", nargs="?", default="", help="only keys that contain this, as in: chorus config Redis"
    )
    config.add_argument("--json", action="store_true", help="for machines")
    config.set_defaults(run=configuration.show)
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65_435:
        raise argparse.ArgumentTypeError("a front port lies between 1 and 65435, and 99 more follow it")
    return port


if __name__ == "__main__":
    sys.exit(main())
