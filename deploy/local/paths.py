"""Where a mesh keeps what it keeps."""

import hashlib
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DEFAULT_DATA = REPOSITORY / "data"


@dataclass(frozen=True, slots=True)
class Layout:
    """The folder that holds one mesh: everything in it survives `chorus down`."""

    data: Path

    @property
    def config(self) -> Path:
        """The operator's config.json, in Mattermost's format."""
        return self.data / "config.json"

    @property
    def mesh(self) -> Path:
        """Front port, release and how many instances of each service were asked for last."""
        return self.data / "mesh.json"

    @property
    def secrets(self) -> Path:
        """Generated passwords, readable by the owner alone."""
        return self.data / "secrets.json"

    @property
    def tls(self) -> Path:
        """The mesh's CA and certificates."""
        return self.data / "tls"

    @property
    def logs(self) -> Path:
        """One file for each process."""
        return self.data / "logs"

    @property
    def files(self) -> Path:
        """Uploads, with the local file driver."""
        return self.data / "files"

    @property
    def envoy(self) -> Path:
        """Envoy's rendered configuration."""
        return self.data / "envoy"

    @property
    def redis(self) -> Path:
        """Redis's configuration and working folder."""
        return self.data / "redis"

    @property
    def postgres(self) -> Path:
        """PostgreSQL's two clusters; a link when its user cannot enter the data folder."""
        return self.data / "postgres"

    @property
    def supervisord(self) -> Path:
        """The supervisor's configuration."""
        return self.data / "supervisord.conf"

    @property
    def key(self) -> str:
        """A short name that only this data folder has."""
        return hashlib.sha256(os.fsencode(self.data)).hexdigest()[:10]

    @property
    def sockets(self) -> Path:
        """Unix sockets, in a folder short enough for them: their paths may have 107 bytes, a data folder's more.

        Below /tmp even where TMPDIR says otherwise, since TMPDIR may be long or change between two commands.
        """
        root = Path("/tmp") if os.path.isdir("/tmp") else Path(tempfile.gettempdir())  # noqa: S108
        return root / f"chorus-{os.getuid()}-{self.key}"


def executable(name: str) -> Path:
    """A script of the virtual environment that runs this very code."""
    return Path(sys.executable).parent / name
