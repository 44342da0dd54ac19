"""Configuration: Mattermost's config.json and MM_ variables, typed, checked and explained."""

from services.chassis.config.loading import ConfigError, Loaded, Row, load
from services.chassis.config.secret import Secret
from services.chassis.config.settings import Settings

__all__ = ["ConfigError", "Loaded", "Row", "Secret", "Settings", "load"]
