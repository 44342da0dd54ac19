"""The sections and keys that Chorus honours, under Mattermost's names.

A default is Mattermost's own unless the comment beside it says why it is not. A key stands here once something reads
it: what Mattermost has and Chorus does not use yet is listed in `known.py`.
"""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from services.chassis.config.rules import Between, Filled, HostPort, Link, OneOf, Origin, PostgresUrl
from services.chassis.config.secret import Secret

Count = Annotated[int, Between(1)]
Amount = Annotated[int, Between(0)]
Port = Annotated[int, Between(1, 65535)]

_NO_SECRET = Secret()
_LOCAL_DATABASE = Secret("postgres://chorus@127.0.0.1:5432/chorus")


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """The REST and WebSocket surface, sessions, and switches of the clients."""

    SiteURL: Annotated[str, Origin()] = ""
    WebsocketURL: Annotated[str, Origin(("ws", "wss"))] = ""
    WebsocketPort: Port = 80
    WebsocketSecurePort: Port = 443
    AllowCorsFrom: str = ""
    CorsExposedHeaders: str = ""
    CorsAllowCredentials: bool = False
    AllowCookiesForSubdomains: bool = False
    FrameAncestors: str = ""
    MaximumPayloadSizeBytes: Count = 300_000
    MaximumLoginAttempts: Count = 10
    TerminateSessionsOnPasswordChange: bool = True
    SessionLengthWebInHours: Count = 720
    SessionLengthMobileInHours: Count = 720
    SessionIdleTimeoutInMinutes: Amount = 43_200
    ExtendSessionLengthWithActivity: bool = True
    ExperimentalStrictCSRFEnforcement: bool = False
    # Theirs is false; here, too, only administrators and holders of the role system_user_access_token make tokens.
    EnableUserAccessTokens: bool = True
    EnableBotAccountCreation: bool = True  # theirs is false; only administrators make bots, as with tokens
    EnableTesting: bool = False
    EnableDeveloper: bool = False
    PostEditTimeLimit: Annotated[int, Between(-1)] = -1
    TimeBetweenUserTypingUpdatesMilliseconds: Annotated[int, Between(1000)] = 5000
    MinimumHashtagLength: Annotated[int, Between(2)] = 3
    UniqueEmojiReactionLimitPerPost: Annotated[int, Between(0, 500)] = 50
    EnableUserTypingMessages: bool = True
    EnableChannelViewedMessages: bool = True
    EnableUserStatuses: bool = True
    ExperimentalEnableDefaultChannelLeaveJoinMessages: bool = True
    ThreadAutoFollow: bool = True
    AllowSyncedDrafts: bool = True
    EnableCustomEmoji: bool = True
    EnableLinkPreviews: bool = True
    EnablePermalinkPreviews: bool = True
    RestrictLinkPreviews: str = ""
    AllowedUntrustedInternalConnections: str = ""
    CollapsedThreads: Annotated[str, OneOf(("disabled", "default_off", "default_on", "always_on"))] = "always_on"
    # These three are false here: they lead clients to tours and pages that Chorus does not serve. Theirs: true.
    EnableTutorial: bool = False
    EnableOnboardingFlow: bool = False
    EnableDesktopLandingPage: bool = False
    EnableEmojiPicker: bool = True
    EnableSVGs: bool = False
    EnableLatex: bool = False
    EnableInlineLatex: bool = True
    ManagedResourcePaths: str = ""

    @property
    def site_path(self) -> str:
        """The path below which everything is served, as in `/chat`; empty for a host of one's own."""
        return urlsplit(self.SiteURL).path


@dataclass(frozen=True, slots=True)
class TeamSettings:
    """Who may sign up, and limits of teams and channels."""

    SiteName: Annotated[str, Filled()] = "Chorus"  # theirs is their own name
    CustomDescriptionText: str = ""
    EnableUserCreation: bool = True
    EnableOpenServer: bool = False
    EnableUserDeactivation: bool = False
    EnableCustomUserStatuses: bool = True
    RestrictCreationToDomains: str = ""
    RestrictDirectMessage: Annotated[str, OneOf(("any", "team"))] = "any"
    MaxUsersPerTeam: Count = 50
    MaxChannelsPerTeam: Count = 2000
    MaxNotificationsPerChannel: Count = 1000
    EnableConfirmNotificationsToChannel: bool = True
    EnableJoinLeaveMessageByDefault: bool = True
    EnableLastActiveTime: bool = True
    UserStatusAwayTimeout: Count = 300
    TeammateNameDisplay: Annotated[str, OneOf(("username", "nickname_full_name", "full_name"))] = "username"
    LockTeammateNameDisplay: bool = False
    ExperimentalPrimaryTeam: str = ""
    ExperimentalDefaultChannels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SqlSettings:
    """PostgreSQL. Each service uses the database `<name>_<service>` beside the one that DataSource names."""

    DriverName: Annotated[str, OneOf(("postgres",))] = "postgres"
    DataSource: Annotated[Secret, PostgresUrl()] = _LOCAL_DATABASE
    DataSourceReplicas: Annotated[tuple[Secret, ...], PostgresUrl()] = ()
    DataSourceSearchReplicas: Annotated[tuple[Secret, ...], PostgresUrl()] = ()
    # Per process and server. Theirs is 300, for one process; a mesh has many, and PostgreSQL 100 connections.
    MaxOpenConns: Count = 10
    MaxIdleConns: Amount = 10
    ConnMaxLifetimeMilliseconds: Amount = 3_600_000
    ConnMaxIdleTimeMilliseconds: Amount = 300_000
    QueryTimeout: Count = 30
    MigrationsStatementTimeoutSeconds: Count = 100_000


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """Chorus always runs as a mesh; these say how it presents itself. `EnableCluster` is another name of Enable."""

    Enable: bool = False
    ClusterName: str = ""
    UseIPAddress: bool = True
    ReadOnlyConfig: bool = True


@dataclass(frozen=True, slots=True)
class RedisSettings:
    """The bus and the registry: a Cluster if ClusterAddresses is set, else the master that the sentinels of
    SentinelAddresses name, else the one server at RedisAddress.

    Other names: `Host` (host or host:port) for RedisAddress, `Password` and `DB` for RedisPassword and RedisDB,
    `MasterName` for SentinelMasterName.
    """

    Enable: bool = True
    RedisAddress: Annotated[str, HostPort(6379)] = "127.0.0.1:6379"
    RedisUsername: str = ""
    RedisPassword: Secret = _NO_SECRET
    RedisDB: Amount = 0
    RedisTLS: bool = False
    SentinelAddresses: Annotated[tuple[str, ...], HostPort(26379)] = ()
    SentinelMasterName: str = ""
    SentinelPassword: Secret = _NO_SECRET
    ClusterAddresses: Annotated[tuple[str, ...], HostPort(6379)] = ()


@dataclass(frozen=True, slots=True)
class FileSettings:
    """Where files live. `nfs` is `local` on a directory that every files instance shares, named absolutely."""

    EnableFileAttachments: bool = True
    EnableMobileUpload: bool = True
    EnableMobileDownload: bool = True
    MaxFileSize: Count = 104_857_600
    MaxImageResolution: Count = 33_177_600
    DriverName: Annotated[str, OneOf(("local", "nfs", "amazons3"))] = "local"
    Directory: Annotated[str, Filled()] = "./data/"
    AmazonS3AccessKeyId: str = ""
    AmazonS3SecretAccessKey: Secret = _NO_SECRET
    AmazonS3Bucket: str = ""
    AmazonS3PathPrefix: str = ""
    AmazonS3Region: str = ""
    AmazonS3Endpoint: str = "s3.amazonaws.com"
    AmazonS3SSL: bool = True
    AmazonS3SSE: bool = False
    AmazonS3StorageClass: str = ""
    AmazonS3RequestTimeoutMilliseconds: Count = 30_000
    # S3 refuses parts below 5 MiB.
    AmazonS3UploadPartSizeBytes: Annotated[int, Between(5_242_880)] = 5_242_880


@dataclass(frozen=True, slots=True)
class PasswordSettings:
    """What a new password must have."""

    MinimumLength: Annotated[int, Between(5, 72)] = 8
    Lowercase: bool = False
    Uppercase: bool = False
    Number: bool = False
    Symbol: bool = False


@dataclass(frozen=True, slots=True)
class PrivacySettings:
    """What others see of a user."""

    ShowEmailAddress: bool = True
    ShowFullName: bool = True
    UseAnonymousURLs: bool = False


@dataclass(frozen=True, slots=True)
class RateLimitSettings:
    """Limits of REST requests; off unless enabled."""

    Enable: bool = False
    PerSec: Count = 10
    MaxBurst: Count = 100
    MemoryStoreSize: Count = 10_000
    VaryByRemoteAddr: bool = True
    VaryByUser: bool = False
    VaryByHeader: str = ""


@dataclass(frozen=True, slots=True)
class EmailSettings:
    """Signing up and in by address or name. Sending mail comes later."""

    EnableSignUpWithEmail: bool = True
    EnableSignInWithEmail: bool = True
    EnableSignInWithUsername: bool = True
    LoginButtonColor: str = "#0000"
    LoginButtonBorderColor: str = "#2389D7"
    LoginButtonTextColor: str = "#2389D7"


@dataclass(frozen=True, slots=True)
class SupportSettings:
    """Links that clients show; empty hides one. Theirs lead to their vendor's pages, whose terms aren't this site's."""

    TermsOfServiceLink: Annotated[str, Link()] = ""
    PrivacyPolicyLink: Annotated[str, Link()] = ""
    AboutLink: Annotated[str, Link()] = ""
    HelpLink: Annotated[str, Link()] = ""
    ReportAProblemType: Annotated[str, OneOf(("default", "link", "email", "hidden"))] = "hidden"
    ReportAProblemLink: Annotated[str, Link()] = ""
    ReportAProblemMail: str = ""
    ForgotPasswordLink: Annotated[str, Link()] = ""
    SupportEmail: str = ""


@dataclass(frozen=True, slots=True)
class LocalizationSettings:
    """Languages."""

    DefaultServerLocale: Annotated[str, Filled()] = "en"
    DefaultClientLocale: Annotated[str, Filled()] = "en"
    AvailableLocales: str = ""
    EnableExperimentalLocales: bool = False


@dataclass(frozen=True, slots=True)
class ImageProxySettings:
    """Fetching of remote images through the server."""

    Enable: bool = False
    ImageProxyType: Annotated[str, OneOf(("local", "atmos/camo"))] = "local"
    RemoteImageProxyURL: Annotated[str, Origin()] = ""
    RemoteImageProxyOptions: Secret = _NO_SECRET


@dataclass(frozen=True, slots=True)
class GuestAccountsSettings:
    """Guests."""

    Enable: bool = True  # theirs is false, since it asks for a licence: here a guest is one whom somebody made one
    HideTags: bool = False
    RestrictCreationToDomains: str = ""


@dataclass(frozen=True, slots=True)
class MessageExportSettings:
    """Exports; ExportFromAllServers lets any instance run them."""

    EnableExport: bool = False
    ExportFromAllServers: bool = False


@dataclass(frozen=True, slots=True)
class DisplaySettings:
    """Rendering in clients."""

    CustomURLSchemes: tuple[str, ...] = ()
    MaxMarkdownNodes: Amount = 0


@dataclass(frozen=True, slots=True)
class ThemeSettings:
    """Themes that users may choose."""

    EnableThemeSelection: bool = True
    DefaultTheme: str = "default"
    AllowCustomThemes: bool = True
    AllowedThemes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExperimentalSettings:
    """Switches of client behaviour."""

    DisableAppBar: bool = False
    DisableRefetchingOnBrowserFocus: bool = False
    DisableWakeUpReconnectHandler: bool = False
    DelayChannelAutocomplete: bool = False
    UsersStatusAndProfileFetchingPollIntervalMilliseconds: Annotated[int, Between(1000)] = 3000
    YoutubeReferrerPolicy: bool = False
    LinkMetadataTimeoutMilliseconds: Count = 5000


@dataclass(frozen=True, slots=True)
class ComplianceSettings:
    """Compliance reports."""

    Enable: bool = False


@dataclass(frozen=True, slots=True)
class NativeAppSettings:
    """Where clients send people for the apps."""

    AppDownloadLink: Annotated[str, Link()] = "https://mattermost.com/pl/download-apps"
    AndroidAppDownloadLink: Annotated[str, Link()] = "https://mattermost.com/pl/android-app/"
    IosAppDownloadLink: Annotated[str, Link()] = "https://mattermost.com/pl/ios-app/"
    MobileExternalBrowser: bool = False


@dataclass(frozen=True, slots=True)
class ClientRequirements:
    """The oldest and newest mobile apps."""

    AndroidLatestVersion: str = ""
    AndroidMinVersion: str = ""
    IosLatestVersion: str = ""
    IosMinVersion: str = ""


@dataclass(frozen=True, slots=True)
class LogSettings:
    """Log lines; always JSON on stderr."""

    # Theirs is DEBUG, which they leave on in production.
    ConsoleLevel: Annotated[str, OneOf(("TRACE", "DEBUG", "INFO", "WARN", "ERROR"))] = "INFO"


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """Metrics; each process always serves its own on the admin port."""

    Enable: bool = False


@dataclass(frozen=True, slots=True)
class ChorusSettings:
    """What Mattermost has no name for."""

    MeshAddress: Annotated[str, HostPort()] = "127.0.0.1:8066"  # Envoy's mesh listener
    TLSDirectory: Annotated[str, Filled()] = "./data/tls"  # ca.pem, <id>.pem, <id>-key.pem
    WebappDirectory: str = ""  # a web client's build, with its root.html; empty for a page about this server
    DrainNoticeMilliseconds: Amount = 2200  # readiness off until parts stop: Envoy asks every 2.1 s
    DrainTimeoutSeconds: Count = 15  # for all parts together
