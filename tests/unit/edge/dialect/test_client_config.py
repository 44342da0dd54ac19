"""What clients are told is what is served, in strings, with nothing internal before sign-in."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.chassis.config import Settings, load
from services.edge.dialect.client_config import Facts, client_config, client_license, server_version

FACTS = Facts(diagnostic_id="d" * 26, no_accounts=True, installed_at_ms=1_700_000_000_000)


def settings_of(tmp_path: Path, document: dict[str, Any]) -> Settings:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(document))
    return load(path, {}).settings


def test_every_value_is_a_string_and_the_limited_set_is_part_of_the_full_one() -> None:
    limited = client_config(Settings(), signed_in=False, facts=FACTS)
    full = client_config(Settings(), signed_in=True, facts=FACTS)
    assert all(type(value) is str for value in full.values())
    assert limited.items() <= full.items()
    assert {"SiteURL", "NoAccounts", "EnableSignInWithEmail", "FeatureFlagWebSocketEventScope"} <= limited.keys()


@pytest.mark.parametrize("key", ["SQLDriverName", "EnableCluster", "InstallationDate", "MaxFileSize", "SchemaVersion"])
def test_internals_wait_for_a_session(key: str) -> None:
    assert key not in client_config(Settings(), signed_in=False, facts=FACTS)
    assert key in client_config(Settings(), signed_in=True, facts=FACTS)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Version", "11.6.0"),
        ("BuildEnterpriseReady", "false"),
        ("WebsocketPort", "80"),
        ("MaxFileSize", "104857600"),
        ("MaxPostSize", "16383"),
        ("PostEditTimeLimit", "-1"),
        ("TimeBetweenUserTypingUpdatesMilliseconds", "5000"),
        ("EnableUserStatuses", "true"),
        ("EnableUserAccessTokens", "true"),
        ("EnableCustomUserStatuses", "true"),
        ("EnableGuestAccounts", "true"),
        ("EnableCustomEmoji", "true"),
        ("AllowSyncedDrafts", "true"),
        ("EnableFileAttachments", "true"),
        ("NoAccounts", "true"),
        ("InstallationDate", "1700000000000"),
    ],
)
def test_what_clients_cannot_do_without(key: str, value: str) -> None:
    assert client_config(Settings(), signed_in=True, facts=FACTS)[key] == value


@pytest.mark.parametrize(
    "key",
    [
        "EnableIncomingWebhooks",
        "EnableOutgoingWebhooks",
        "EnableCommands",
        "EnableGifPicker",
        "PostPriority",
        "PluginsEnabled",
        "EnableOnboardingFlow",
        "EnableDesktopLandingPage",
        "FeatureFlagChannelBookmarks",
        "FeatureFlagWebSocketEventScope",
    ],
)
def test_what_is_not_served_is_switched_off(key: str) -> None:
    assert client_config(Settings(), signed_in=True, facts=FACTS)[key] == "false"


def test_threads_are_collapsed_as_the_setting_says(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, {"ServiceSettings": {"CollapsedThreads": "default_off"}})
    assert client_config(settings, signed_in=True, facts=FACTS)["CollapsedThreads"] == "default_off"
    assert client_config(Settings(), signed_in=True, facts=FACTS)["CollapsedThreads"] == "always_on"


def test_settings_reach_the_clients(tmp_path: Path) -> None:
    settings = settings_of(
        tmp_path,
        {
            "ServiceSettings": {"SiteURL": "https://chat.example.com/sub/", "PostEditTimeLimit": 300},
            "TeamSettings": {"SiteName": "Ours", "EnableOpenServer": True},
            "PasswordSettings": {"MinimumLength": 12, "Symbol": True},
            "DisplaySettings": {"CustomURLSchemes": ["git", "smtp"]},
        },
    )
    config = client_config(settings, signed_in=True, facts=FACTS)
    assert config["SiteURL"] == "https://chat.example.com/sub"
    assert (config["SiteName"], config["EnableOpenServer"]) == ("Ours", "true")
    assert (config["PasswordMinimumLength"], config["PasswordRequireSymbol"]) == ("12", "true")
    assert (config["PostEditTimeLimit"], config["CustomUrlSchemes"]) == ("300", "git,smtp")


def test_no_secret_reaches_the_clients(tmp_path: Path) -> None:
    settings = settings_of(
        tmp_path,
        {
            "SqlSettings": {"DataSource": "postgres://u:hunter2@db/chorus"},
            "RedisSettings": {"RedisPassword": "hunter2"},
            "FileSettings": {"AmazonS3SecretAccessKey": "hunter2"},
        },
    )
    assert "hunter2" not in json.dumps(client_config(settings, signed_in=True, facts=FACTS))


def test_without_a_licence_exactly_one_key() -> None:
    assert client_license() == {"IsLicensed": "false"}


def test_the_version_follows_the_configuration_and_nothing_else(tmp_path: Path) -> None:
    version = server_version(Settings(), FACTS)
    prefix, digest, licensed = version[:14], version[14:-6], version[-6:]
    assert (prefix, len(digest), licensed) == ("11.6.0.11.6.0.", 64, ".false")
    assert server_version(Settings(), replace(FACTS, no_accounts=False)) == version
    assert server_version(settings_of(tmp_path, {"TeamSettings": {"SiteName": "Ours"}}), FACTS) != version
