"""What the supervisor is told, and how its log is read."""

import shlex
from pathlib import Path

import pytest
from supervisor.options import ServerOptions

from deploy.local import state
from deploy.local.paths import Layout
from deploy.local.programs import Program
from deploy.local.supervisor import Supervisor
from deploy.local.trouble import Trouble


@pytest.mark.parametrize("folder", ["plain", "with space", "50% %(here)s", "semi; colon", "ünïcode"])
def test_any_folder_name_reaches_the_processes_as_it_is(tmp_path: Path, folder: str) -> None:
    layout = Layout(tmp_path / folder)
    layout.data.mkdir()
    argument = f"{layout.data}/config.json"
    Supervisor(layout).write([Program("edge-1", ("/bin/echo", argument), 60)])

    options = ServerOptions()
    options.realize(["-c", str(layout.supervisord)])
    (group,) = options.process_group_configs
    (program,) = group.process_configs
    assert program.stdout_logfile == str(layout.logs / "edge-1.log")
    assert shlex.split(program.command) == ["/bin/echo", argument]
    assert program.autorestart is not False


def test_restarts_are_counted_since_the_supervisor_started(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.logs.mkdir()
    (layout.logs / "supervisord.log").write_text(
        "2030-01-01 10:00:00,000 WARN exited: edge-1 (terminated by SIGKILL; not expected)\n"
        "2030-01-01 10:01:00,000 INFO supervisord started with pid 7\n"
        "2030-01-01 10:02:00,000 WARN exited: edge-1 (terminated by SIGKILL; not expected)\n"
        "2030-01-01 10:03:00,000 WARN exited: redis (exit status 1; not expected)\n"
        "2030-01-01 10:04:00,000 WARN exited: edge-1 (terminated by SIGKILL; not expected)\n"
        "2030-01-01 10:05:00,000 INFO stopped: edge-1 (exit status 0)\n"
    )
    assert Supervisor(layout).restarts() == {"edge-1": 2, "redis": 1}


def test_one_command_at_a_time(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    with state.alone(layout), pytest.raises(Trouble, match="another chorus command"), state.alone(layout):
        pass
    with state.alone(layout):
        pass


def test_the_state_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    assert state.load(layout) is None
    kept = state.State(str(Path(tmp_path)), 8165, {"edge": 3})
    state.save(layout, kept)
    assert state.load(layout) == kept
