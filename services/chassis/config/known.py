"""Keys of a Mattermost config.json that Chorus does not read (yet): known, so no cause for a warning each.

Names only, gathered from the files that servers of versions 10 and 11 write. A section that Chorus reads nothing of
needs no list of keys: a typo in it changes nothing.
"""

from typing import Final


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


UNUSED_SECTIONS: Final = _names(
    """
    AccessControlSettings AnalyticsSettings AnnouncementSettings AutoTranslationSettings BleveSettings CacheSettings
    CloudSettings ConnectedWorkspacesSettings ContentFlaggingSettings DataRetentionSettings ElasticsearchSettings
    ExperimentalAuditSettings ExportSettings FeatureFlags GitLabSettings GoogleSettings ImportSettings IntuneSettings
    JobSettings LdapSettings MobileEphemeralModeSettings NotificationLogSettings Office365Settings OpenIdSettings
    PluginSettings SamlSettings WranglerSettings
    """
)

UNUSED_KEYS: Final = {
    "ServiceSettings": """
        AllowPersistentNotifications AllowPersistentNotificationsForGuests
        BurnOnReadDurationSeconds BurnOnReadMaximumTimeToLiveSeconds
        BurnOnReadSchedulerFrequencySeconds ClusterLogTimeoutMilliseconds ConnectionSecurity CorsDebug DebugSplit
        DeleteAccountLink DeveloperFlags DisableBotsWhenOwnerIsDeactivated DisableLegacyMFA
        DynamicClientRegistrationRedirectURIAllowlist EnableAPIChannelDeletion EnableAPIPostDeletion
        EnableAPITeamDeletion EnableAPITriggerAdminNotifications EnableAPIUserDeletion EnableAWSMetering
        EnableBurnOnRead EnableClientPerformanceDebugging EnableCommands EnableCrossTeamSearch
        EnableCustomGroups EnableDynamicClientRegistration EnableEmailInvitations EnableFileSearch
        EnableGifPicker EnableIncomingWebhooks EnableInsecureOutgoingConnections EnableLegacySidebar
        EnableLocalMode EnableMultifactorAuthentication EnableOAuthServiceProvider EnableOpenTracing
        EnableOpentracing EnableOutgoingOAuthConnections EnableOutgoingWebhooks
        EnablePostIconOverride EnablePostSearch EnablePostUsernameOverride EnablePreviewFeatures EnableSecurityFixAlert
        EnableWebHubChannelIteration EnforceMultifactorAuthentication
        ExperimentalChannelOrganization ExperimentalChannelSidebarOrganization ExperimentalDataPrefetch
        ExperimentalEnableAuthenticationTransfer ExperimentalEnableHardenedMode ExperimentalGroupUnreadChannels
        FeatureFlagSyncIntervalSeconds Forward80To443 GfycatAPIKey GfycatAPISecret GfycatApiKey GfycatApiSecret
        GiphySdkKey GoogleDeveloperKey GoroutineHealthThreshold IdleTimeout LetsEncryptCertificateCacheFile
        LicenseFileLocation ListenAddress LocalModeSocketLocation MaximumURLLength OutgoingIntegrationRequestsTimeout
        PersistentNotificationIntervalMinutes PersistentNotificationMaxCount PersistentNotificationMaxRecipients
        PostPriority ReadTimeout RefreshPostStatsRunTime RestrictPostDelete ScheduledPosts
        SessionCacheInMinutes SessionLengthMobileInDays SessionLengthSSOInDays SessionLengthSSOInHours
        SessionLengthWebInDays SplitKey TLSCertFile TLSKeyFile TLSMinVer TLSOverwriteCiphers TLSStrictTransport
        TLSStrictTransportMaxAge TrustedProxyIPHeader UseLetsEncrypt WebserverMode WriteTimeout
        """,
    "TeamSettings": """
        CustomBrandText EnableCustomBrand
        EnableTeamCreation EnableXToLeaveChannelsFromLHS ExperimentalEnableAutomaticReplies
        ExperimentalHideTownSquareinLHS ExperimentalTownSquareIsReadOnly ExperimentalViewArchivedChannels
        RestrictTeamInvite
        """,
    "SqlSettings": """
        AnalyticsQueryTimeout AtRestEncryptKey DisableDatabaseSearch QueryLogging ReplicaLagSettings
        ReplicaMonitorIntervalSeconds Trace
        """,
    "ClusterSettings": """
        AdvertiseAddress BindAddress EnableExperimentalGossipEncryption EnableGossipCompression
        EnableGossipEncryption GossipPort IdleConnTimeoutMilliseconds InterNodeListenAddress InterNodeUrls
        MaxIdleConns MaxIdleConnsPerHost NetworkInterface OverrideHostname StreamingPort UseExperimentalGossip
        """,
    "FileSettings": """
        AmazonS3PresignExpiresSeconds AmazonS3SignV2 AmazonS3Trace AmazonS3UploadRole ArchiveRecursion
        AzureAccessKey AzureAccessSecret AzureAuthMode AzureCloud AzureContainer AzureEndpoint AzurePathPrefix
        AzurePresignExpiresSeconds AzureRequestTimeoutMilliseconds AzureSSL AzureStorageAccount
        DedicatedExportStore EnablePublicLink ExportAmazonS3AccessKeyId ExportAmazonS3Bucket ExportAmazonS3Endpoint
        ExportAmazonS3PathPrefix ExportAmazonS3PresignExpiresSeconds ExportAmazonS3Region
        ExportAmazonS3RequestTimeoutMilliseconds ExportAmazonS3SSE ExportAmazonS3SSL
        ExportAmazonS3SecretAccessKey ExportAmazonS3SignV2 ExportAmazonS3StorageClass ExportAmazonS3Trace
        ExportAmazonS3UploadPartSizeBytes ExportDirectory ExportDriverName ExtractContent InitialFont
        MaxImageDecoderConcurrency PublicLinkSalt
        """,
    "EmailSettings": """
        ConnectionSecurity EmailBatchingBufferSize EmailBatchingInterval EmailNotificationContentsType
        EnableEmailBatching EnablePreviewModeBanner EnableSMTPAuth FeedbackEmail FeedbackName FeedbackOrganization
        InviteSalt PushNotificationBuffer PushNotificationContents PushNotificationServer PushNotificationServerLocation
        PushNotificationServerType ReplyToAddress RequireEmailVerification SMTPPassword SMTPPort SMTPServer
        SMTPServerTimeout SMTPUsername SendEmailNotifications SendPushNotifications SkipServerCertificateVerification
        UseChannelInEmailNotifications
        """,
    "SupportSettings": """
        AllowDownloadLogs CustomTermsOfServiceEnabled CustomTermsOfServiceReAcceptancePeriod EnableAskCommunityLink
        """,
    "PasswordSettings": "EnableForgotLink",
    "GuestAccountsSettings": "AllowEmailAccounts EnableGuestMagicLink EnforceMultifactorAuthentication",
    "MessageExportSettings": """
        BatchSize ChannelBatchSize ChannelHistoryBatchSize DailyRunTime DownloadExportResults ExportFormat
        ExportFromTimestamp GlobalRelaySettings
        """,
    "DisplaySettings": "ExperimentalTimezone",
    "ExperimentalSettings": """
        ClientSideCertCheck ClientSideCertEnable CloudUserLimit EnableAppBar EnableRemoteClusterService
        EnableSharedChannels EnableWatermark ExperimentalChannelCategorySorting
        RestrictSystemAdmin UseNewSAMLLibrary
        """,
    "ComplianceSettings": "BatchSize Directory EnableDaily",
    "NativeAppSettings": """
        AppCustomURLSchemes EnableIntuneMAM MobileAllowPdfLinkNavigation MobileEnableBiometrics
        MobileEnableSecureFilePreview MobileJailbreakProtection MobilePreventScreenCapture
        """,
    "LogSettings": """
        AdvancedLoggingConfig AdvancedLoggingJSON ConsoleJson EnableColor EnableConsole EnableDiagnostics EnableFile
        EnableSentry EnableWebhookDebugging FileJson FileLevel FileLocation MaxFieldSize VerboseDiagnostics
        """,
    "MetricsSettings": """
        BlockProfileRate ClientSideUserIds EnableClientMetrics EnableNotificationMetrics ListenAddress
        """,
}

OTHER_NAMES: Final = {
    ("ClusterSettings", "EnableCluster"): "Enable",
    ("RedisSettings", "Host"): "RedisAddress",
    ("RedisSettings", "Password"): "RedisPassword",
    ("RedisSettings", "DB"): "RedisDB",
    ("RedisSettings", "MasterName"): "SentinelMasterName",
}
"""Keys that mean the same as another of their section."""

VARIABLES: Final = {"CHORUS_WEBAPP_DIR": ("ChorusSettings", "WebappDirectory")}
"""Variables beside those that are made of section and key."""

PROCESS_VARIABLES: Final = _names(
    """
    MM_ADMIN_EMAIL MM_CLOUD_API_KEY MM_CONFIG MM_CUSTOM_DEFAULTS_PATH MM_DEBUG MM_INSTALL_TYPE MM_LICENSE
    MM_NO_DOCKER MM_SERVICEENVIRONMENT MM_SERVICE_ENVIRONMENT MM_SERVER_PATH
    """
)
"""MM_ variables that name no key."""
