"""Which database is whose: each service has its own, beside the one that SqlSettings.DataSource names."""

from urllib.parse import urlsplit, urlunsplit

from services.chassis.config import Settings


def service_dsn(settings: Settings, service: str) -> str:
    """Return the service's database on the primary: `…/chorus` becomes `…/chorus_auth`."""
    return _of_service(settings.SqlSettings.DataSource.reveal(), service)


def replica_dsns(settings: Settings, service: str) -> list[str]:
    """Return the service's database on each replica."""
    return [_of_service(replica.reveal(), service) for replica in settings.SqlSettings.DataSourceReplicas]


def _of_service(dsn: str, service: str) -> str:
    parts = urlsplit(dsn)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}_{service}"))
