"""All clients of this edge, side by side."""

from dataclasses import dataclass

from services.chassis.metrics import Metrics
from services.chassis.rpc.client import Mesh
from services.chassis.tasks import Tasks
from services.edge.clients.access_tokens import AccessTokenClient
from services.edge.clients.accounts import AccountClient
from services.edge.clients.auth import AuthClient
from services.edge.clients.bots import BotClient
from services.edge.clients.categories import CategoryClient
from services.edge.clients.channel_directory import ChannelDirectoryClient
from services.edge.clients.channels import ChannelClient
from services.edge.clients.custom_statuses import CustomStatusClient
from services.edge.clients.drafts import DraftClient
from services.edge.clients.edges import EdgeClient
from services.edge.clients.emoji import EmojiClient
from services.edge.clients.files import FileClient
from services.edge.clients.freshness import FreshnessClient
from services.edge.clients.logs import EventLogClient
from services.edge.clients.member_roles import MemberRoleClient
from services.edge.clients.members import MemberClient
from services.edge.clients.posts import PostClient, ReactionClient
from services.edge.clients.preferences import PreferenceClient
from services.edge.clients.presence import PresenceClient
from services.edge.clients.profile_images import ProfileImageClient
from services.edge.clients.teams import TeamClient
from services.edge.clients.threads import ThreadClient


@dataclass(frozen=True, slots=True)
class Clients:
    """The other services, as the edge calls them."""

    auth: AuthClient
    accounts: AccountClient
    access_tokens: AccessTokenClient
    bots: BotClient
    profile_images: ProfileImageClient
    custom_statuses: CustomStatusClient
    auth_log: EventLogClient
    preferences: PreferenceClient
    posts: PostClient
    freshness: FreshnessClient
    reactions: ReactionClient
    channels: ChannelClient
    members: MemberClient
    teams: TeamClient
    threads: ThreadClient
    categories: CategoryClient
    drafts: DraftClient
    emoji: EmojiClient
    channel_directory: ChannelDirectoryClient
    member_roles: MemberRoleClient
    messaging_log: EventLogClient
    presence: PresenceClient
    files: FileClient
    edges: EdgeClient

    @classmethod
    def of(cls, mesh: Mesh, tasks: Tasks, metrics: Metrics) -> "Clients":
        """Return the clients over a mesh; each connects when first used."""
        auth, messaging = mesh.peer("auth"), mesh.peer("messaging")
        return cls(
            auth=AuthClient(auth),
            accounts=AccountClient(auth),
            access_tokens=AccessTokenClient(auth),
            bots=BotClient(auth),
            custom_statuses=CustomStatusClient(auth),
            profile_images=ProfileImageClient(auth, mesh.peer("files")),
            auth_log=EventLogClient(auth),
            preferences=PreferenceClient(auth),
            posts=PostClient(messaging, tasks, metrics),
            freshness=FreshnessClient(messaging, tasks, metrics),
            reactions=ReactionClient(messaging),
            channels=ChannelClient(messaging),
            members=MemberClient(messaging),
            teams=TeamClient(messaging),
            threads=ThreadClient(messaging),
            categories=CategoryClient(messaging),
            drafts=DraftClient(messaging),
            emoji=EmojiClient(messaging, mesh.peer("files")),
            channel_directory=ChannelDirectoryClient(messaging),
            member_roles=MemberRoleClient(messaging),
            messaging_log=EventLogClient(messaging),
            presence=PresenceClient(mesh.peer("presence")),
            files=FileClient(mesh.peer("files")),
            edges=EdgeClient(mesh.peer("edge")),
        )
