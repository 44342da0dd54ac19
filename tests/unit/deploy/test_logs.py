"""`chorus logs` shows the end of a log and whole lines of what comes, across rotation."""

from pathlib import Path

import pytest

from deploy.cli import logs
from deploy.local.trouble import Trouble


def test_the_last_lines_also_of_a_long_file(tmp_path: Path) -> None:
    log = tmp_path / "edge-1.log"
    log.write_text("".join(f"line {n} {'x' * 100}\n" for n in range(5000)))
    lines, place = logs.tail(log, 3)
    assert [line.split()[1] for line in lines] == ["4997", "4998", "4999"]
    assert place == log.stat().st_size
    assert logs.tail(log, 0)[0] == []


def test_following_waits_for_the_end_of_a_line_and_survives_rotation(tmp_path: Path) -> None:
    log = tmp_path / "edge-1.log"
    log.write_text("one\ntw")
    lines, place = logs.since(log, 0)
    assert lines == ["one"]
    with log.open("a") as more:
        more.write("o\n")
    lines, place = logs.since(log, place)
    assert lines == ["two"]
    assert logs.since(log, place) == ([], place)
    log.write_text("new\n")
    assert logs.since(log, place)[0] == ["new"]


def test_a_service_means_all_its_instances_and_an_unknown_name_lists_the_known(tmp_path: Path) -> None:
    for name in ("edge-1", "edge-2", "envoy"):
        (tmp_path / f"{name}.log").touch()
    assert [file.stem for file in logs.find(tmp_path, "edge")] == ["edge-1", "edge-2"]
    assert [file.stem for file in logs.find(tmp_path, "envoy")] == ["envoy"]
    with pytest.raises(Trouble, match="there are: edge-1, edge-2, envoy"):
        logs.find(tmp_path, "nginx")
