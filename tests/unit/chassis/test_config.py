"""Configuration: an existing Mattermost deployment's settings carry over, and nothing wrong starts silently."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from services.chassis.config import ConfigError, Loaded, Secret, load

DATA_SOURCE = "postgres://mm:hunter2@db:5432/chorus"


@pytest.fixture
def configured(tmp_path: Path) -> Any:
    """Load `document` (a dict, or the file's text) with `environ` over it."""

    def go(document: dict[str, Any] | str, **environ: str) -> Loaded:
        path = tmp_path / "config.json"
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return load(path, environ)

    return go


def faults_of(configured: Any, document: dict[str, Any] | str, **environ: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        configured(document, **environ)
    return caught.value.faults


def test_an_empty_file_gives_the_defaults_and_no_warning(configured: Any) -> None:
    loaded = configured({})
    assert loaded.settings.PasswordSettings.MinimumLength == 8
    assert loaded.settings.FileSettings.MaxFileSize == 104_857_600
    assert loaded.settings.ChorusSettings.MeshAddress == "127.0.0.1:8066"
    assert (loaded.warnings, loaded.notes) == ((), ())


def test_mattermosts_keys_carry_over(configured: Any) -> None:
    settings = configured(
        {
            "ClusterSettings": {"Enable": True, "UseIpAddress": False, "ReadOnlyConfig": False},
            "SqlSettings": {
                "DriverName": "postgres",
                "DataSource": "postgres://mm:p%40ss@db/chorus?sslmode=disable&connect_timeout=10&binary_parameters=yes",
                "DataSourceReplicas": ["postgres://mm:p@r1/chorus", "postgresql://mm:p@r2/chorus"],
            },
            "RedisSettings": {"Enable": True, "RedisAddress": "redis:6380", "RedisPassword": "pw", "RedisDB": 2},
            "FileSettings": {"DriverName": "amazons3", "AmazonS3Bucket": "chat", "AmazonS3SecretAccessKey": "k"},
        }
    ).settings
    assert settings.ClusterSettings.Enable
    assert not settings.ClusterSettings.UseIPAddress
    # The option of their Go driver would make libpq refuse the whole URL.
    assert settings.SqlSettings.DataSource.reveal() == (
        "postgres://mm:p%40ss@db/chorus?sslmode=disable&connect_timeout=10"
    )
    assert [url.reveal() for url in settings.SqlSettings.DataSourceReplicas] == [
        "postgres://mm:p@r1/chorus",
        "postgresql://mm:p@r2/chorus",
    ]
    assert settings.RedisSettings.RedisAddress == "redis:6380"
    assert (settings.RedisSettings.RedisPassword, settings.RedisSettings.RedisDB) == (Secret("pw"), 2)
    assert settings.FileSettings.AmazonS3SecretAccessKey.reveal() == "k"


def test_other_names_mean_the_same(configured: Any) -> None:
    document = {
        "ClusterSettings": {"EnableCluster": True},
        "RedisSettings": {"Host": "redis", "Password": "pw", "DB": 3, "MasterName": "m", "SentinelAddresses": ["s1"]},
    }
    loaded = configured(document)
    redis = loaded.settings.RedisSettings
    assert loaded.settings.ClusterSettings.Enable
    assert (redis.RedisAddress, redis.RedisPassword.reveal(), redis.RedisDB) == ("redis:6379", "pw", 3)
    assert (redis.SentinelMasterName, redis.SentinelAddresses) == ("m", ("s1:26379",))
    assert not loaded.warnings


def test_two_names_that_differ_are_a_fault(configured: Any) -> None:
    (fault,) = faults_of(configured, {"ClusterSettings": {"EnableCluster": True, "Enable": False}})
    assert "ClusterSettings.EnableCluster and ClusterSettings.Enable" in fault


def test_names_match_without_regard_to_case(configured: Any) -> None:
    loaded = configured({"sqlsettings": {"datasource": DATA_SOURCE}})
    assert loaded.settings.SqlSettings.DataSource.reveal() == DATA_SOURCE
    assert not loaded.warnings


@pytest.mark.parametrize(
    ("variable", "text", "section", "key", "expected"),
    [
        ("MM_SQLSETTINGS_DATASOURCE", DATA_SOURCE, "SqlSettings", "DataSource", Secret(DATA_SOURCE)),
        (
            "MM_SQLSETTINGS_DATASOURCEREPLICAS",
            "postgres://a/c postgres://b/c",
            "SqlSettings",
            "DataSourceReplicas",
            (Secret("postgres://a/c"), Secret("postgres://b/c")),
        ),
        ("MM_REDISSETTINGS_CLUSTERADDRESSES", '["a:1", "b:2"]', "RedisSettings", "ClusterAddresses", ("a:1", "b:2")),
        ("MM_REDISSETTINGS_HOST", "r:7", "RedisSettings", "RedisAddress", "r:7"),
        ("MM_CLUSTERSETTINGS_ENABLECLUSTER", "true", "ClusterSettings", "Enable", True),
        ("MM_EMAILSETTINGS_ENABLESIGNUPWITHEMAIL", "False", "EmailSettings", "EnableSignUpWithEmail", False),
        ("MM_SERVICESETTINGS_POSTEDITTIMELIMIT", "-1", "ServiceSettings", "PostEditTimeLimit", -1),
        ("MM_LOGSETTINGS_CONSOLELEVEL", "debug", "LogSettings", "ConsoleLevel", "DEBUG"),
        ("CHORUS_WEBAPP_DIR", "client", "ChorusSettings", "WebappDirectory", "client"),
    ],
)
def test_a_variable_overrides_the_file(
    configured: Any, variable: str, text: str, section: str, key: str, expected: object
) -> None:
    loaded = configured({"SqlSettings": {"DataSource": "postgres://f/f"}}, **{variable: text})
    assert getattr(getattr(loaded.settings, section), key) == expected
    assert loaded.sources[f"{section}.{key}"] == f"environment {variable}"
    assert not loaded.warnings


def test_a_site_may_live_below_a_path_that_needs_no_quoting(configured: Any) -> None:
    document = {"ServiceSettings": {"SiteURL": "https://example.com/our/chat/"}}
    assert configured(document).settings.ServiceSettings.site_path == "/our/chat"
    assert configured({}).settings.ServiceSettings.site_path == ""
    for path in ("/a b", "/a'b", "/a//b", "/../x", "/%41"):
        (fault,) = faults_of(configured, {"ServiceSettings": {"SiteURL": f"https://example.com{path}"}})
        assert 'expected a URL whose path, if any, is like "/chat"' in fault


def test_unknown_names_warn_one_by_one_with_the_closest(configured: Any) -> None:
    loaded = configured(
        {"SqlSettings": {"DataSorce": "x"}, "ServiceSetings": {"SiteURL": "y"}, "Quux": 1},
        MM_SQLSETTINGS_DATASORCE="z",
        MM_LICENSE="a",
        PATH="/bin",
    )
    assert loaded.warnings == (
        'unknown key "SqlSettings.DataSorce" in the file is ignored; did you mean "DataSource"?',
        'unknown section "ServiceSetings" in the file is ignored; did you mean "ServiceSettings"?',
        'unknown section "Quux" in the file is ignored',
        'unknown variable "MM_SQLSETTINGS_DATASORCE" in the environment is ignored; '
        'did you mean "MM_SQLSETTINGS_DATASOURCE"?',
    )


def test_known_keys_that_are_not_used_are_one_note(configured: Any) -> None:
    loaded = configured(
        {"SqlSettings": {"Trace": False}, "PluginSettings": {"Enable": True, "Plugins": {}}},
        MM_PLUGINSETTINGS_ENABLE="true",
    )
    assert loaded.warnings == ()
    assert loaded.notes == ("4 known keys not used by Chorus",)


def test_all_wrong_values_are_told_at_once(configured: Any) -> None:
    faults = faults_of(
        configured,
        {
            "ServiceSettings": {"WebsocketPort": 70000, "SiteURL": "chat.example.com", "CollapsedThreads": "maybe"},
            "SqlSettings": {"DriverName": "mysql", "DataSource": "mysql://root:hunter2@db/x", "MaxOpenConns": "ten"},
            "TeamSettings": {"EnableOpenServer": "yes", "ExperimentalDefaultChannels": "town-square"},
            "RedisSettings": {"RedisAddress": "redis:port"},
            "FileSettings": [],
        },
        MM_PASSWORDSETTINGS_MINIMUMLENGTH="3",
    )
    assert faults == (
        "ServiceSettings.WebsocketPort in the file is 70000, expected a whole number from 1 to 65535.",
        'ServiceSettings.SiteURL in the file is "chat.example.com", expected an absolute URL such as '
        '"https://chat.example.com", or nothing.',
        'ServiceSettings.CollapsedThreads in the file is "maybe", expected one of "disabled", "default_off", '
        '"default_on", "always_on".',
        'SqlSettings.DriverName in the file is "mysql", expected one of "postgres".',
        'SqlSettings.DataSource in the file is "mysql://root:********@db/x", expected a URL that starts with '
        '"postgres://" and names a host and a database.',
        'SqlSettings.MaxOpenConns in the file is "ten", expected a whole number of at least 1.',
        'TeamSettings.EnableOpenServer in the file is "yes", expected true or false.',
        'TeamSettings.ExperimentalDefaultChannels in the file is "town-square", expected a list of texts.',
        'RedisSettings.RedisAddress in the file is "redis:port", expected an address such as "127.0.0.1:6379".',
        "FileSettings in the file is [], expected an object of keys.",
        'MM_PASSWORDSETTINGS_MINIMUMLENGTH in the environment is "3", expected a whole number from 5 to 72.',
    )


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"FileSettings": {"DriverName": "amazons3"}}, "AmazonS3Bucket"),
        ({"FileSettings": {"DriverName": "nfs", "Directory": "./data"}}, "absolute path"),
        ({"RedisSettings": {"SentinelAddresses": ["a"]}}, "SentinelMasterName"),
        ({"RedisSettings": {"SentinelAddresses": ["a"], "MasterName": "m", "ClusterAddresses": ["b"]}}, "one of them"),
        ({"RedisSettings": {"ClusterAddresses": ["b"], "DB": 1}}, "one database"),
        ({"RedisSettings": {"SentinelMasterName": "m"}}, "SentinelMasterName is set and"),
        ({"RedisSettings": {"SentinelPassword": "p", "ClusterAddresses": ["b"]}}, "SentinelPassword is set and"),
    ],
)
def test_values_that_contradict_each_other(configured: Any, document: dict[str, Any], expected: str) -> None:
    (fault,) = faults_of(configured, document)
    assert expected in fault


def test_bad_json_names_line_and_column(configured: Any) -> None:
    (fault,) = faults_of(configured, '{\n  "SqlSettings": {,}\n}')
    assert fault.endswith("line 2, column 19.")


def test_a_file_that_is_no_object(configured: Any) -> None:
    (fault,) = faults_of(configured, "[]")
    assert "expected an object of sections" in fault


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        load(tmp_path / "none.json", {})


def test_null_means_the_default(configured: Any) -> None:
    assert configured({"FileSettings": {"MaxFileSize": None}}).settings.FileSettings.MaxFileSize == 104_857_600


def test_explain_tells_where_each_value_comes_from_and_masks_secrets(configured: Any) -> None:
    loaded = configured(
        {"SqlSettings": {"DataSource": DATA_SOURCE}, "TeamSettings": {"SiteName": "Ours"}},
        MM_REDISSETTINGS_PASSWORD="hunter2",
    )
    rows = {row.key: (row.value, row.source) for row in loaded.explain()}
    assert rows["TeamSettings.SiteName"] == ('"Ours"', "file")
    assert rows["TeamSettings.MaxUsersPerTeam"] == ("50", "default")
    assert rows["SqlSettings.DataSource"] == ("postgres://mm:********@db:5432/chorus", "file")
    assert rows["RedisSettings.RedisPassword"] == ("********", "environment MM_REDISSETTINGS_PASSWORD")


def test_secrets_show_nowhere(configured: Any) -> None:
    loaded = configured({"SqlSettings": {"DataSource": DATA_SOURCE}, "RedisSettings": {"Password": "hunter2"}})
    seen = f"{loaded!r} {loaded.settings.SqlSettings.DataSource!s} {loaded.explain()}"
    assert "hunter2" not in seen


def test_settings_cannot_be_changed(configured: Any) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        configured({}).settings.TeamSettings.SiteName = "x"
