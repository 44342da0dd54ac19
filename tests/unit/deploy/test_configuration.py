"""config.json is written once and belongs to the operator afterwards."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from deploy.local import configuration, secrets
from deploy.local.paths import Layout
from deploy.local.ports import Ports
from deploy.local.trouble import Trouble
from services.chassis.config import load


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)


def _settings(layout: Layout) -> dict[str, Any]:
    settings: dict[str, Any] = json.loads(layout.config.read_text())
    return settings


def test_what_is_written_is_what_the_services_read_without_a_remark(layout: Layout) -> None:
    kept = secrets.load(layout.secrets)
    layout.tls.mkdir()
    assert configuration.ensure(layout, Ports(9000), kept, None)
    loaded = load(layout.config, {})
    assert not loaded.warnings
    assert not loaded.notes
    assert loaded.settings.ChorusSettings.MeshAddress == "127.0.0.1:9001"
    assert loaded.settings.RedisSettings.RedisAddress == "127.0.0.1:9007"
    assert stat.S_IMODE(layout.config.stat().st_mode) == 0o600


def test_an_operators_edit_survives_and_a_new_port_moves_only_what_nobody_touched(layout: Layout) -> None:
    kept = secrets.load(layout.secrets)
    configuration.ensure(layout, Ports(9000), kept, None)
    edited = _settings(layout)
    edited["RedisSettings"]["RedisAddress"] = "redis.example.com:6379"
    edited["ServiceSettings"]["SiteURL"] = "https://chat.example.com"
    edited["TeamSettings"] = {"SiteName": "Ours"}
    layout.config.write_text(json.dumps(edited))

    assert not configuration.ensure(layout, Ports(9000), kept, (layout, Ports(9000)))
    assert configuration.ensure(layout, Ports(9100), kept, (layout, Ports(9000)))

    after = _settings(layout)
    assert after["RedisSettings"]["RedisAddress"] == "redis.example.com:6379"
    assert after["ServiceSettings"]["SiteURL"] == "https://chat.example.com"
    assert after["TeamSettings"] == {"SiteName": "Ours"}
    assert after["ChorusSettings"]["MeshAddress"] == "127.0.0.1:9101"
    assert ":9103/" in after["SqlSettings"]["DataSource"]
    assert ":9104/" in after["SqlSettings"]["DataSourceReplicas"][0]


def test_broken_json_is_one_sentence_with_the_place(layout: Layout) -> None:
    kept = secrets.load(layout.secrets)
    layout.config.write_text('{"ServiceSettings": }')
    with pytest.raises(Trouble, match=r"config\.json is not valid JSON .*line 1 column 21"):
        configuration.ensure(layout, Ports(9100), kept, (layout, Ports(9000)))


def test_secrets_are_made_once_kept_private_and_not_shown(layout: Layout) -> None:
    first = secrets.load(layout.secrets)
    assert secrets.load(layout.secrets) == first
    assert stat.S_IMODE(layout.secrets.stat().st_mode) == 0o600
    assert first.redis not in repr(first)
    assert len({first.postgres, first.chorus, first.replicator, first.redis}) == 4
