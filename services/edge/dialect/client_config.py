"""What clients are told about this server: `config/client`, `license/client` and the version in `X-Version-Id`.

For a client these answers are the list of features that the server has, so a key is "true" exactly if what it
switches on is served. A feature's arrival moves its keys from the constants to the settings. All values are strings.
"""

import hashlib
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from services.chassis.config import Settings

VERSION: Final = "11.6.0"
"""The version of the reference whose protocol this is; mobile and desktop clients compare it."""

MAX_POST_SIZE: Final = 16_383


@dataclass(frozen=True, slots=True)
class Facts:
    """What is not configured. All but `no_accounts` must be the same at every edge: `server_version` hashes it."""

    diagnostic_id: str  # names the installation
    no_accounts: bool  # nobody has signed up yet: clients then offer to create the first account
    installed_at_ms: int
    schema_version: int = 160
    build_hash: str = "chorus"  # a change while a tab is open makes the web client offer to reload


_FEATURE_FLAGS: Final = {
    "TestFeature": "off",
    "TestBoolFeature": "false",
    "EnableRemoteClusterService": "false",
    "EnableSharedChannelsDMs": "false",
    "EnableSharedChannelsPlugins": "false",
    "EnableSharedChannelsMemberSync": "false",
    "EnableSyncAllUsersForRemoteCluster": "false",
    "AppsEnabled": "false",
    "PermalinkPreviews": "false",
    "NormalizeLdapDNs": "false",
    "WysiwygEditor": "false",
    "OnboardingTourTips": "false",
    "DeprecateCloudFree": "false",
    "EnableExportDirectDownload": "false",
    "MoveThreadsEnabled": "false",
    "StreamlinedMarketplace": "true",
    "CloudIPFiltering": "false",
    "ConsumePostHook": "false",
    "CloudAnnualRenewals": "false",
    "CloudDedicatedExportUI": "false",
    "ChannelBookmarks": "false",
    # With it the web client sends `presence` and expects events by what it shows.
    "WebSocketEventScope": "false",
    "NotificationMonitoring": "false",
    "ExperimentalAuditSettingsSystemConsoleUI": "false",
    "CustomProfileAttributes": "false",
    "AttributeBasedAccessControl": "false",
    "ContentFlagging": "false",
    "InteractiveDialogAppsForm": "true",
    "EnableMattermostEntry": "false",
    "MobileSSOCodeExchange": "false",
    "AutoTranslation": "false",
    "BurnOnRead": "false",
    "EnableAIPluginBridge": "false",
    "EnableAIRecaps": "false",
    "CJKSearch": "false",
}

_LIMITED: Final = {
    "Version": VERSION,
    "BuildNumber": VERSION,
    "BuildDate": "",
    "BuildHashEnterprise": "none",
    "BuildEnterpriseReady": "false",
    "ServiceEnvironment": "production",
    "IsFipsEnabled": "false",
    "EnableFile": "false",
    "FileLevel": "INFO",
    "EnableDiagnostics": "false",
    "DiagnosticsEnabled": "false",
    "EnableClientMetrics": "false",
    "EnableComplianceExport": "false",
    "AllowDownloadLogs": "false",
    "EnableAskCommunityLink": "false",
    "HasImageProxy": "false",
    "PluginsEnabled": "false",
    "AppsPluginEnabled": "false",
    "PasswordEnableForgotLink": "false",
    "EnableLdap": "false",
    "LdapLoginFieldName": "",
    "LdapLoginButtonColor": "",
    "LdapLoginButtonBorderColor": "",
    "LdapLoginButtonTextColor": "",
    "EnableSaml": "false",
    "SamlLoginButtonText": "",
    "SamlLoginButtonColor": "",
    "SamlLoginButtonBorderColor": "",
    "SamlLoginButtonTextColor": "",
    "EnableSignUpWithGoogle": "false",
    "EnableSignUpWithOffice365": "false",
    "EnableSignUpWithOpenId": "false",
    "OpenIdButtonText": "",
    "OpenIdButtonColor": "",
    "CWSURL": "",
    "EnableCustomBrand": "false",
    "CustomBrandText": "",
    "EnableMultifactorAuthentication": "false",
    "EnforceMultifactorAuthentication": "false",
    "GuestAccountsEnforceMultifactorAuthentication": "false",
    "EnableGuestMagicLink": "false",
    "AsymmetricSigningPublicKey": "",
    **{f"FeatureFlag{name}": value for name, value in _FEATURE_FLAGS.items()},
}

_SIGNED_IN: Final = {
    "EnableOAuthServiceProvider": "false",
    "GoogleDeveloperKey": "",
    "EnableIncomingWebhooks": "false",
    "EnableOutgoingWebhooks": "false",
    "EnableOutgoingOAuthConnections": "false",
    "EnableCommands": "false",
    "EnablePostUsernameOverride": "false",
    "EnablePostIconOverride": "false",
    "EnableClientPerformanceDebugging": "false",
    "ExperimentalGroupUnreadChannels": "disabled",
    "EnableMarketplace": "false",
    "IsDefaultMarketplace": "false",
    "DeleteAccountLink": "",
    "ExperimentalEnablePostMetadata": "true",
    "ExperimentalEnableAutomaticReplies": "false",
    "ExperimentalTimezone": "true",
    "SendEmailNotifications": "false",
    "SendPushNotifications": "false",
    "RequireEmailVerification": "false",
    "EnableEmailBatching": "false",
    # Without mail and with this, every page would carry a banner about it.
    "EnablePreviewModeBanner": "false",
    "EmailNotificationContentsType": "full",
    "EnablePublicLink": "false",
    "SQLDriverName": "postgres",
    "EnableGifPicker": "false",
    "GiphySdkKey": "",
    "RunJobs": "false",
    "EnableEmailInvitations": "false",
    "CWSMock": "false",
    "ExperimentalChannelCategorySorting": "false",
    "EnableCrossTeamSearch": "false",
    "FeatureFlagExperimentalCrossTeamSearch": "false",
    "ExperimentalEnableAuthenticationTransfer": "false",
    "LdapNicknameAttributeSet": "false",
    "LdapFirstNameAttributeSet": "false",
    "LdapLastNameAttributeSet": "false",
    "LdapPictureAttributeSet": "false",
    "LdapPositionAttributeSet": "false",
    "EnableCompliance": "false",
    "SamlFirstNameAttributeSet": "false",
    "SamlLastNameAttributeSet": "false",
    "SamlNicknameAttributeSet": "false",
    "SamlPositionAttributeSet": "false",
    "EnableBanner": "false",
    "BannerText": "",
    "BannerColor": "",
    "BannerTextColor": "",
    "AllowBannerDismissal": "false",
    "DataRetentionEnableMessageDeletion": "false",
    "DataRetentionMessageRetentionHours": "0",
    "DataRetentionEnableFileDeletion": "false",
    "DataRetentionFileRetentionHours": "0",
    "ExperimentalSharedChannels": "false",
    "EnableCustomGroups": "false",
    "PostPriority": "false",
    "AllowPersistentNotifications": "false",
    "AllowPersistentNotificationsForGuests": "false",
    "PersistentNotificationMaxCount": "6",
    "PersistentNotificationIntervalMinutes": "5",
    "PersistentNotificationMaxRecipients": "5",
    "EnableBurnOnRead": "false",
    "BurnOnReadDurationSeconds": "600",
    "BurnOnReadMaximumTimeToLiveSeconds": "604800",
    "EnableAttributeBasedAccessControl": "false",
    "EnableUserManagedAttributes": "false",
    "WranglerPermittedWranglerRoles": "",
    "WranglerAllowedEmailDomain": "",
    "WranglerMoveThreadMaxCount": "100",
    "WranglerMoveThreadToAnotherTeamEnable": "false",
    "WranglerMoveThreadFromPrivateChannelEnable": "false",
    "WranglerMoveThreadFromDirectMessageChannelEnable": "false",
    "WranglerMoveThreadFromGroupMessageChannelEnable": "false",
    "MaxPostSize": str(MAX_POST_SIZE),
    "UpgradedFromTE": "false",
}


def client_config(settings: Settings, *, signed_in: bool, facts: Facts) -> dict[str, str]:
    """Return the answer of `config/client?format=old`: without a session only what a sign-in page needs."""
    config = _LIMITED | _limited(settings, facts)
    return config | _SIGNED_IN | _signed_in(settings, facts) if signed_in else config


def client_license() -> dict[str, str]:
    """Return the answer of `license/client?format=old`. Nothing that clients hide behind a licence is served yet."""
    return {"IsLicensed": "false"}


def server_version(settings: Settings, facts: Facts) -> str:
    """Return the value of `X-Version-Id` and of `hello`'s `server_version`: equal at every edge of one configuration.

    The hash does not cover `no_accounts`, since the first sign-up is no new version.
    """
    config = client_config(settings, signed_in=True, facts=replace(facts, no_accounts=False))
    digest = hashlib.sha256(msgspec.json.encode(config, order="sorted")).hexdigest()
    return f"{VERSION}.{VERSION}.{digest}.{client_license()['IsLicensed']}"


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _limited(settings: Settings, facts: Facts) -> dict[str, str]:
    service, team, email = settings.ServiceSettings, settings.TeamSettings, settings.EmailSettings
    support, password = settings.SupportSettings, settings.PasswordSettings
    apps, mobile = settings.NativeAppSettings, settings.ClientRequirements
    return {
        "BuildHash": facts.build_hash,
        "DiagnosticId": facts.diagnostic_id,
        "TelemetryId": facts.diagnostic_id,
        "NoAccounts": _flag(facts.no_accounts),
        "SiteURL": service.SiteURL,
        "WebsocketURL": service.WebsocketURL,
        "WebsocketPort": str(service.WebsocketPort),
        "WebsocketSecurePort": str(service.WebsocketSecurePort),
        "EnableBotAccountCreation": _flag(service.EnableBotAccountCreation),
        "EnableDesktopLandingPage": _flag(service.EnableDesktopLandingPage),
        "EnableCustomEmoji": _flag(service.EnableCustomEmoji),
        "EnableUserStatuses": _flag(service.EnableUserStatuses),
        "SiteName": team.SiteName,
        "CustomDescriptionText": team.CustomDescriptionText,
        "EnableUserCreation": _flag(team.EnableUserCreation),
        "EnableOpenServer": _flag(team.EnableOpenServer),
        "EnableGuestAccounts": _flag(settings.GuestAccountsSettings.Enable),
        "HideGuestTags": _flag(settings.GuestAccountsSettings.HideTags),
        "EnableJoinLeaveMessageByDefault": _flag(team.EnableJoinLeaveMessageByDefault),
        "EnableSignUpWithEmail": _flag(email.EnableSignUpWithEmail),
        "EnableSignInWithEmail": _flag(email.EnableSignInWithEmail),
        "EnableSignInWithUsername": _flag(email.EnableSignInWithUsername),
        "EmailLoginButtonColor": email.LoginButtonColor,
        "EmailLoginButtonBorderColor": email.LoginButtonBorderColor,
        "EmailLoginButtonTextColor": email.LoginButtonTextColor,
        "PasswordMinimumLength": str(password.MinimumLength),
        "PasswordRequireLowercase": _flag(password.Lowercase),
        "PasswordRequireUppercase": _flag(password.Uppercase),
        "PasswordRequireNumber": _flag(password.Number),
        "PasswordRequireSymbol": _flag(password.Symbol),
        "TermsOfServiceLink": support.TermsOfServiceLink,
        "PrivacyPolicyLink": support.PrivacyPolicyLink,
        "AboutLink": support.AboutLink,
        "HelpLink": support.HelpLink,
        "ReportAProblemType": support.ReportAProblemType,
        "ReportAProblemLink": support.ReportAProblemLink,
        "ReportAProblemMail": support.ReportAProblemMail,
        "ForgotPasswordLink": support.ForgotPasswordLink,
        "SupportEmail": support.SupportEmail,
        "DefaultClientLocale": settings.LocalizationSettings.DefaultClientLocale,
        "AndroidLatestVersion": mobile.AndroidLatestVersion,
        "AndroidMinVersion": mobile.AndroidMinVersion,
        "IosLatestVersion": mobile.IosLatestVersion,
        "IosMinVersion": mobile.IosMinVersion,
        "AppDownloadLink": apps.AppDownloadLink,
        "AndroidAppDownloadLink": apps.AndroidAppDownloadLink,
        "IosAppDownloadLink": apps.IosAppDownloadLink,
        "MobileExternalBrowser": _flag(apps.MobileExternalBrowser),
    }


def _signed_in(settings: Settings, facts: Facts) -> dict[str, str]:
    service, team, files = settings.ServiceSettings, settings.TeamSettings, settings.FileSettings
    privacy, themes, experimental = settings.PrivacySettings, settings.ThemeSettings, settings.ExperimentalSettings
    return {
        "InstallationDate": str(facts.installed_at_ms),
        "SchemaVersion": str(facts.schema_version),
        "EnableLastActiveTime": _flag(team.EnableLastActiveTime),
        "EnableCustomUserStatuses": _flag(team.EnableCustomUserStatuses),
        "EnableUserDeactivation": _flag(team.EnableUserDeactivation),
        "RestrictDirectMessage": team.RestrictDirectMessage,
        "TeammateNameDisplay": team.TeammateNameDisplay,
        "LockTeammateNameDisplay": _flag(team.LockTeammateNameDisplay),
        "ExperimentalPrimaryTeam": team.ExperimentalPrimaryTeam,
        "CollapsedThreads": service.CollapsedThreads,
        "MaxNotificationsPerChannel": str(team.MaxNotificationsPerChannel),
        "EnableConfirmNotificationsToChannel": _flag(team.EnableConfirmNotificationsToChannel),
        "EnableUserAccessTokens": _flag(service.EnableUserAccessTokens),
        "EnableTesting": _flag(service.EnableTesting),
        "EnableDeveloper": _flag(service.EnableDeveloper),
        "PostEditTimeLimit": str(service.PostEditTimeLimit),
        "MinimumHashtagLength": str(service.MinimumHashtagLength),
        "EnableTutorial": _flag(service.EnableTutorial),
        "EnableOnboardingFlow": _flag(service.EnableOnboardingFlow),
        "ExperimentalEnableDefaultChannelLeaveJoinMessages": _flag(
            service.ExperimentalEnableDefaultChannelLeaveJoinMessages
        ),
        "EnableLinkPreviews": _flag(service.EnableLinkPreviews),
        "EnablePermalinkPreviews": _flag(service.EnablePermalinkPreviews),
        "EnableSVGs": _flag(service.EnableSVGs),
        "EnableLatex": _flag(service.EnableLatex),
        "EnableInlineLatex": _flag(service.EnableInlineLatex),
        "ExtendSessionLengthWithActivity": _flag(service.ExtendSessionLengthWithActivity),
        "ManagedResourcePaths": service.ManagedResourcePaths,
        "EnableEmojiPicker": _flag(service.EnableEmojiPicker),
        "TimeBetweenUserTypingUpdatesMilliseconds": str(service.TimeBetweenUserTypingUpdatesMilliseconds),
        "AllowSyncedDrafts": _flag(service.AllowSyncedDrafts),
        "EnableUserTypingMessages": _flag(service.EnableUserTypingMessages),
        "EnableChannelViewedMessages": _flag(service.EnableChannelViewedMessages),
        "UniqueEmojiReactionLimitPerPost": str(service.UniqueEmojiReactionLimitPerPost),
        "ShowEmailAddress": _flag(privacy.ShowEmailAddress),
        "ShowFullName": _flag(privacy.ShowFullName),
        "UseAnonymousURLs": _flag(privacy.UseAnonymousURLs),
        "EnableFileAttachments": _flag(files.EnableFileAttachments),
        "EnableMobileFileDownload": _flag(files.EnableMobileDownload),
        "EnableMobileFileUpload": _flag(files.EnableMobileUpload),
        "MaxFileSize": str(files.MaxFileSize),
        "AvailableLocales": settings.LocalizationSettings.AvailableLocales,
        "EnableExperimentalLocales": _flag(settings.LocalizationSettings.EnableExperimentalLocales),
        "DisableAppBar": _flag(experimental.DisableAppBar),
        "DisableRefetchingOnBrowserFocus": _flag(experimental.DisableRefetchingOnBrowserFocus),
        "DisableWakeUpReconnectHandler": _flag(experimental.DisableWakeUpReconnectHandler),
        "DelayChannelAutocomplete": _flag(experimental.DelayChannelAutocomplete),
        "YoutubeReferrerPolicy": _flag(experimental.YoutubeReferrerPolicy),
        "UsersStatusAndProfileFetchingPollIntervalMilliseconds": str(
            experimental.UsersStatusAndProfileFetchingPollIntervalMilliseconds
        ),
        "EnableCluster": _flag(settings.ClusterSettings.Enable),
        "EnableMetrics": _flag(settings.MetricsSettings.Enable),
        "EnableThemeSelection": _flag(themes.EnableThemeSelection),
        "DefaultTheme": "" if themes.DefaultTheme == "default" else themes.DefaultTheme,
        "AllowCustomThemes": _flag(themes.AllowCustomThemes),
        "AllowedThemes": ",".join(themes.AllowedThemes),
        "CustomUrlSchemes": ",".join(settings.DisplaySettings.CustomURLSchemes),
        "MaxMarkdownNodes": str(settings.DisplaySettings.MaxMarkdownNodes),
    }
