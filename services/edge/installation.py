"""What names this installation to clients: the same at every edge, without asking anyone."""

import hashlib
from urllib.parse import urlsplit

from services.chassis.config import Settings
from services.chassis.ids import ALPHABET, ID_LENGTH
from services.edge.dialect.client_config import Facts


def installation(settings: Settings) -> Facts:
    """Return the facts of the installation that this edge belongs to; nobody is known to have signed up yet."""
    database = urlsplit(settings.SqlSettings.DataSource.reveal())
    # Without the password: it may change, and has no place in what clients are shown, not even hashed.
    name = f"{settings.ServiceSettings.SiteURL}|{database.hostname}:{database.port}{database.path}"
    digest = hashlib.sha256(name.encode()).digest()
    diagnostic_id = "".join(ALPHABET[byte % len(ALPHABET)] for byte in digest[:ID_LENGTH])
    return Facts(diagnostic_id=diagnostic_id, no_accounts=True, installed_at_ms=0)
