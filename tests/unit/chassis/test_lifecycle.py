"""A process stops the way it promised: readiness first, parts in reverse, exit code by cause."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.chassis.lifecycle import Address, parse_arguments

PROGRAM = """
import asyncio, os, sys
from services.chassis.lifecycle import run

async def wire(process):
    process.readiness.watch(lambda ready: print("ready", ready, flush=True))
    for name in ("first", "second"):
        async def stop(name=name):
            print("stop", name, flush=True)
        process.on_stop(name, stop)
    {extra}

raise SystemExit(run("auth", wire))
"""

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    running: list[subprocess.Popen[str]] = []

    def go(extra: str = "pass", notice_ms: int = 0) -> subprocess.Popen[str]:
        chorus = {"DrainNoticeMilliseconds": notice_ms, "DrainTimeoutSeconds": 5}
        config = tmp_path / "config.json"
        config.write_text(json.dumps({"ChorusSettings": chorus}))
        arguments = ["--instance", "auth-1", "--config", str(config)]
        arguments += ["--listen", "127.0.0.1:1", "--admin", "127.0.0.1:0"]
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM.format(extra=extra), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        running.append(process)
        return process

    yield go
    for process in running:
        process.kill()
        process.communicate()


def until_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(2)] == ["ready False\n", "ready True\n"]


def test_sigterm_turns_readiness_first_and_stops_the_parts_in_reverse(start: Start) -> None:
    process = start()
    until_ready(process)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=10)
    assert out.split("\n") == ["ready False", "stop second", "stop first", ""]
    assert process.returncode == 0


def test_a_second_signal_skips_the_notice(start: Start) -> None:
    process = start(notice_ms=3_600_000)
    until_ready(process)
    process.send_signal(signal.SIGTERM)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready False\n"
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)
    assert process.returncode == 0


def test_a_lost_vital_task_ends_the_process_as_failed(start: Start) -> None:
    process = start('process.tasks.spawn("gone", asyncio.sleep(0), vital=True)', notice_ms=3_600_000)
    out, _ = process.communicate(timeout=10)
    assert "stop first" in out
    assert process.returncode == 1


def test_a_vital_task_that_ends_with_the_part_it_worked_for_is_no_failure(start: Start) -> None:
    process = start(
        "task = process.tasks.spawn('reader', asyncio.sleep(3600), vital=True)\n"
        "    async def close():\n"
        "        task.cancel()\n"
        "        await asyncio.wait([task])\n"
        "    process.on_stop('connection', close)"
    )
    until_ready(process)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)
    assert process.returncode == 0


def test_wiring_that_fails_stops_what_it_had_started(start: Start) -> None:
    process = start('raise OSError("database is away")')
    out, _ = process.communicate(timeout=10)
    assert out.split("\n")[-3:] == ["stop second", "stop first", ""]
    assert process.returncode == 1


def test_a_signal_interrupts_wiring(start: Start) -> None:
    process = start("await asyncio.Event().wait()")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready False\n"
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=10)
    assert "ready True" not in out
    assert process.returncode == 0


def test_the_command_line_of_an_edge(tmp_path: Path) -> None:
    given = parse_arguments(
        "edge",
        ("rest", "websocket"),
        ["--instance=edge-1", "--config=c", "--rest=:80", "--websocket=[::1]:81", "--admin=h:82", "--release=r"],
    )
    assert given.listeners == {"rest": Address("0.0.0.0", 80), "websocket": Address("::1", 81)}  # noqa: S104
    assert str(given.listeners["websocket"]) == "[::1]:81"
    assert (given.instance, given.admin, given.release) == ("edge-1", Address("h", 82), "r")


def test_a_wrong_address_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse_arguments("auth", (), ["--instance=a", "--config=c", "--admin=nowhere"])
    assert caught.value.code == 2
