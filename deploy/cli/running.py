"""`chorus up`, `chorus down`, `chorus scale`."""

import argparse
import os
import shlex
import time

from deploy.cli.steps import steps
from deploy.local.mesh import Mesh
from deploy.local.paths import DEFAULT_DATA

_USER = """{"email":"ada@example.com","username":"ada","password":"Correct-horse-9"}"""


def up(arguments: argparse.Namespace) -> int:
    """Start the mesh and say how to use it."""
    mesh = Mesh(arguments.data, arguments.port)
    began = time.monotonic()
    with steps() as progress:
        remarks = mesh.up(progress)
    for remark in remarks:
        print(f"  note: {remark}")
    url = mesh.front_url.replace("127.0.0.1", "localhost")
    chorus, make = _commands(mesh)
    print(
        f"""
Chorus is up after {time.monotonic() - began:.1f} s: {url}

Sign up the first user, who becomes the admin:

  curl -X POST {url}/api/v4/users -H 'Content-Type: application/json' \\
    -d '{_USER}'

Then: any Mattermost client, bot or library with the server address {url}

  make demo
      people on two edges talking, one of them killed in the middle
  {chorus("status")}
      every process, its health, and why
  {chorus("logs edge -f")}
  {chorus("scale messaging 3")}
  {make("down")}
      stop; data stays in {_shown(mesh)}"""
    )
    return 0


def down(arguments: argparse.Namespace) -> int:
    """Stop the mesh."""
    mesh = Mesh(arguments.data, arguments.port)
    with steps() as progress:
        ran = mesh.down(progress)
    print(f"Stopped. The data stays in {_shown(mesh)}." if ran else f"Nothing runs in {_shown(mesh)}.")
    return 0


def scale(arguments: argparse.Namespace) -> int:
    """Change how many instances of a service run."""
    mesh = Mesh(arguments.data, arguments.port)
    with steps() as progress:
        mesh.scale(arguments.service, arguments.count, progress)
    print(f"{arguments.service} runs {arguments.count}×.")
    return 0


def _shown(mesh: Mesh) -> str:
    return os.path.relpath(mesh.layout.data)


def _commands(mesh: Mesh) -> tuple["_Spelled", "_Spelled"]:
    """How to name this mesh to `chorus` and to make: the default one needs no words."""
    if mesh.layout.data == DEFAULT_DATA:
        return _Spelled(".venv/bin/chorus", ""), _Spelled("make", "")
    data = shlex.quote(_shown(mesh))
    return _Spelled(".venv/bin/chorus", f" --data {data}"), _Spelled("make", f" DATA={data}")


class _Spelled:
    def __init__(self, program: str, suffix: str) -> None:
        self._program, self._suffix = program, suffix

    def __call__(self, words: str) -> str:
        return f"{self._program} {words}{self._suffix}"
