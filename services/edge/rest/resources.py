"""The resources that this server has."""

from collections.abc import Sequence

from services.chassis.config import Settings
from services.edge.clients.peers import Clients
from services.edge.dialect.client_config import Facts
from services.edge.dialect.users import UserShapes
from services.edge.rest.kit import Resource
from services.edge.rest.login import Login
from services.edge.rest.posts import Posts
from services.edge.rest.reactions import Reactions
from services.edge.rest.system import System
from services.edge.rest.users import Users
from services.edge.sessions import Sessions


def resources(clients: Clients, sessions: Sessions, settings: Settings, facts: Facts) -> Sequence[Resource]:
    """Return all resources, wired."""
    shapes = UserShapes(settings.PrivacySettings)
    return (
        System(clients.auth, settings, facts),
        Login(clients.auth, sessions, shapes, settings),
        Users(clients.auth, clients.members, clients.channels, clients.teams, shapes, settings),
        Posts(clients.posts, clients.files),
        Reactions(clients.reactions),
    )
