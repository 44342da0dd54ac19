"""The resources that this server has."""

from collections.abc import Sequence

from services.chassis.config import Settings
from services.chassis.metrics import Metrics
from services.edge.cache.pages import PageCache
from services.edge.clients.peers import Clients
from services.edge.dialect.client_config import Facts
from services.edge.dialect.users import UserShapes
from services.edge.rest.access_tokens import AccessTokens
from services.edge.rest.accounts import Accounts
from services.edge.rest.bots import Bots
from services.edge.rest.categories import Categories
from services.edge.rest.channel_directory import ChannelDirectory
from services.edge.rest.channels import Channels
from services.edge.rest.custom_statuses import CustomStatuses
from services.edge.rest.drafts import Drafts
from services.edge.rest.emoji import Emoji
from services.edge.rest.files import Files
from services.edge.rest.kept_posts import KeptPosts
from services.edge.rest.kit import Resource
from services.edge.rest.login import Login
from services.edge.rest.member_roles import MemberRoles
from services.edge.rest.members import Members
from services.edge.rest.posts import Posts
from services.edge.rest.preferences import Preferences
from services.edge.rest.profile_images import ProfileImages
from services.edge.rest.reactions import Reactions
from services.edge.rest.roles import Roles
from services.edge.rest.statuses import Statuses
from services.edge.rest.system import System
from services.edge.rest.team_invitations import TeamInvitations
from services.edge.rest.teams import Teams
from services.edge.rest.threads import Threads
from services.edge.rest.unoffered import Unoffered
from services.edge.rest.user_directory import UserDirectory
from services.edge.rest.users import Users
from services.edge.rest.visibility import Visibility
from services.edge.sessions import Sessions


def resources(
    clients: Clients, sessions: Sessions, settings: Settings, facts: Facts, metrics: Metrics
) -> Sequence[Resource]:
    """Return all resources, wired."""
    shapes = UserShapes(settings.PrivacySettings)
    auth, channels, members, teams = clients.auth, clients.channels, clients.members, clients.teams
    visibility = Visibility(members)
    return (
        # First what is asked most: aiohttp tries the routes of one shape in turn (a page: 15 → 7 µs).
        Posts(clients.posts, clients.files, PageCache(clients.freshness.check, metrics)),
        System(auth, settings, facts),
        Roles(),
        Unoffered(auth, teams),
        Login(auth, sessions, shapes, settings),
        UserDirectory(auth, members, channels, teams, shapes, settings),
        Users(auth, members, teams, visibility, shapes, settings),
        Accounts(clients.accounts),
        AccessTokens(clients.access_tokens),
        Bots(clients.bots),
        ProfileImages(auth, clients.profile_images, visibility),
        CustomStatuses(clients.custom_statuses),
        Preferences(clients.preferences, clients.posts),
        Teams(teams, visibility),
        TeamInvitations(teams),
        Channels(channels, visibility),
        Members(members, visibility),
        MemberRoles(clients.member_roles),
        ChannelDirectory(clients.channel_directory),
        Categories(clients.categories),
        Drafts(clients.drafts, clients.files),
        Emoji(clients.emoji, settings),
        KeptPosts(clients.posts, clients.preferences),
        Threads(clients.threads, auth, shapes),
        Reactions(clients.reactions),
        Files(clients.files, settings),
        Statuses(clients.presence, auth, channels, visibility, settings),
    )
