"""All sections in one value."""

from dataclasses import dataclass, field

from services.chassis.config import sections


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything in force."""

    ServiceSettings: sections.ServiceSettings = field(default_factory=sections.ServiceSettings)
    TeamSettings: sections.TeamSettings = field(default_factory=sections.TeamSettings)
    SqlSettings: sections.SqlSettings = field(default_factory=sections.SqlSettings)
    ClusterSettings: sections.ClusterSettings = field(default_factory=sections.ClusterSettings)
    RedisSettings: sections.RedisSettings = field(default_factory=sections.RedisSettings)
    FileSettings: sections.FileSettings = field(default_factory=sections.FileSettings)
    PasswordSettings: sections.PasswordSettings = field(default_factory=sections.PasswordSettings)
    PrivacySettings: sections.PrivacySettings = field(default_factory=sections.PrivacySettings)
    RateLimitSettings: sections.RateLimitSettings = field(default_factory=sections.RateLimitSettings)
    EmailSettings: sections.EmailSettings = field(default_factory=sections.EmailSettings)
    SupportSettings: sections.SupportSettings = field(default_factory=sections.SupportSettings)
    LocalizationSettings: sections.LocalizationSettings = field(default_factory=sections.LocalizationSettings)
    ImageProxySettings: sections.ImageProxySettings = field(default_factory=sections.ImageProxySettings)
    GuestAccountsSettings: sections.GuestAccountsSettings = field(default_factory=sections.GuestAccountsSettings)
    MessageExportSettings: sections.MessageExportSettings = field(default_factory=sections.MessageExportSettings)
    DisplaySettings: sections.DisplaySettings = field(default_factory=sections.DisplaySettings)
    ThemeSettings: sections.ThemeSettings = field(default_factory=sections.ThemeSettings)
    ExperimentalSettings: sections.ExperimentalSettings = field(default_factory=sections.ExperimentalSettings)
    ComplianceSettings: sections.ComplianceSettings = field(default_factory=sections.ComplianceSettings)
    NativeAppSettings: sections.NativeAppSettings = field(default_factory=sections.NativeAppSettings)
    ClientRequirements: sections.ClientRequirements = field(default_factory=sections.ClientRequirements)
    LogSettings: sections.LogSettings = field(default_factory=sections.LogSettings)
    MetricsSettings: sections.MetricsSettings = field(default_factory=sections.MetricsSettings)
    ChorusSettings: sections.ChorusSettings = field(default_factory=sections.ChorusSettings)
