"""The messaging service: python -m services.messaging --instance … --config … --listen … --admin …."""

from pathlib import Path
from typing import Final

from chorus.common.v1 import events_pb2_grpc
from chorus.messaging.v1 import (
    categories_pb2_grpc,
    channel_directory_pb2_grpc,
    channels_pb2_grpc,
    drafts_pb2_grpc,
    emoji_pb2_grpc,
    freshness_pb2_grpc,
    member_roles_pb2_grpc,
    memberships_pb2_grpc,
    posts_pb2_grpc,
    reactions_pb2_grpc,
    teams_pb2_grpc,
    threads_pb2_grpc,
)
from services.chassis.batching import Batcher
from services.chassis.bus.redis import RedisBus
from services.chassis.database import Database, migrate
from services.chassis.database.naming import replica_dsns, service_dsn
from services.chassis.events import Changes, EventLog, Publisher
from services.chassis.events.servicer import EventLogServicer
from services.chassis.lifecycle import Process, run
from services.chassis.rpc.client import Mesh
from services.chassis.rpc.credentials import server_credentials
from services.chassis.rpc.server import RpcServer
from services.messaging.clients.auth import AuthClient
from services.messaging.clients.files import FilesClient
from services.messaging.clients.presence import PresenceClient
from services.messaging.consumers.users import UserProjection
from services.messaging.domain.links import LinkRules, domains
from services.messaging.domain.mentions import Keywords
from services.messaging.domain.posts import Draft, Post
from services.messaging.domain.threads import Collapsing
from services.messaging.operations import changing
from services.messaging.operations.attention import AttentionOperations
from services.messaging.operations.author_notices import AuthorNotices
from services.messaging.operations.categories import CategoryOperations
from services.messaging.operations.channel_directory import ChannelDirectory
from services.messaging.operations.channel_states import ChannelStateOperations
from services.messaging.operations.channels import ChannelOperations
from services.messaging.operations.drafts import DraftOperations
from services.messaging.operations.emoji import EmojiOperations
from services.messaging.operations.fresh_reads import FreshReads
from services.messaging.operations.freshness import Freshness
from services.messaging.operations.history import History
from services.messaging.operations.link_previews import Linking, LinkPreviews
from services.messaging.operations.member_roles import MemberRoleOperations
from services.messaging.operations.memberships import MembershipOperations
from services.messaging.operations.personal_channels import PersonalChannelOperations
from services.messaging.operations.post_changes import PostChanges
from services.messaging.operations.posts import Notifying, PostCreation
from services.messaging.operations.previewed_posts import PreviewedPosts
from services.messaging.operations.reactions import ReactionOperations
from services.messaging.operations.team_members import TeamMemberOperations
from services.messaging.operations.teams import TeamOperations
from services.messaging.operations.threads import ThreadOperations
from services.messaging.operations.users import Users
from services.messaging.servicers.categories import CategoryServicer
from services.messaging.servicers.channel_directory import ChannelDirectoryServicer
from services.messaging.servicers.channels import ChannelServicer
from services.messaging.servicers.drafts import DraftServicer
from services.messaging.servicers.emoji import EmojiServicer
from services.messaging.servicers.freshness import FreshnessServicer
from services.messaging.servicers.member_roles import MemberRoleServicer
from services.messaging.servicers.memberships import MembershipServicer
from services.messaging.servicers.posts import PostServicer
from services.messaging.servicers.reactions import ReactionServicer
from services.messaging.servicers.teams import TeamServicer
from services.messaging.servicers.threads import ThreadServicer

COMMIT_ITEMS: Final = 128
"""Posts in one transaction at most: beyond, throughput gains little and the topics stay locked longer (DESIGN §3)."""

COMMIT_WAITING: Final = 4096


async def wire(process: Process) -> None:
    """Build the service; everything it needs of others comes in here."""
    settings, clock, tasks, metrics = process.settings, process.clock, process.tasks, process.metrics
    dsn = service_dsn(settings, "messaging")
    await migrate(dsn, Path(__file__).parent / "migrations")
    database = Database("messaging", dsn, metrics, pool_size=settings.SqlSettings.MaxOpenConns)
    process.on_stop("database", database.close)
    bus = RedisBus(settings, metrics)
    process.on_stop("bus", bus.close)
    events = await EventLog.open(database, clock, tasks)
    publisher = Publisher(bus, tasks, metrics)
    process.on_stop("publisher", publisher.close)
    tls = Path(settings.ChorusSettings.TLSDirectory)
    mesh = Mesh(settings.ChorusSettings.MeshAddress, tls, "messaging", metrics)
    process.on_stop("mesh", mesh.close)
    auth = AuthClient(mesh.peer("auth"))
    keywords = Keywords()
    committing = changing.Changes(database, events, publisher, clock)
    projection = UserProjection(database, committing, bus, auth, process.readiness, metrics, process.fail, keywords)
    projection.start()
    process.on_stop("users", projection.close)
    users = Users(database, projection)

    notifying = Notifying(
        max_notified=settings.TeamSettings.MaxNotificationsPerChannel,
        collapsing=Collapsing.of(settings.ServiceSettings.CollapsedThreads),
        auto_follow=settings.ServiceSettings.ThreadAutoFollow,
    )
    service = settings.ServiceSettings
    link_rules = LinkRules(
        service.EnableLinkPreviews,
        domains(service.RestrictLinkPreviews),
        service.SiteURL,
        service.EnablePermalinkPreviews,
    )
    link_previews = LinkPreviews(
        database, events, publisher, clock, metrics, tasks, FilesClient(mesh.peer("files")), link_rules
    )
    linking = Linking(link_rules, link_previews.wake)
    creation = PostCreation(
        database,
        events,
        publisher,
        clock,
        keywords,
        PresenceClient(mesh.peer("presence")),
        notifying,
        linking,
        AuthorNotices(database, publisher, tasks, max_notified=notifying.max_notified),
    )
    committer: Batcher[Draft, Post] = Batcher(
        "commit",
        creation.create_posts,
        tasks,
        metrics,
        max_items=COMMIT_ITEMS,
        max_waiting=COMMIT_WAITING,
        size=lambda draft: len(draft.message) + len(draft.props),
    )
    changes = PostChanges(
        database,
        events,
        publisher,
        clock,
        linking,
        edit_limit_s=settings.ServiceSettings.PostEditTimeLimit,
        collapsing=notifying.collapsing,
    )
    replicas = [
        Database(f"replica-{number}", dsn, metrics, pool_size=settings.SqlSettings.MaxOpenConns, standby=True)
        for number, dsn in enumerate(replica_dsns(settings, "messaging"), start=1)
    ]
    for replica in replicas:
        process.on_stop(replica.name, replica.close)
    freshness = Freshness(database, tasks, metrics)
    reads = FreshReads(database, replicas, freshness, clock, metrics)
    item_errors = metrics.rpc_server_item_errors

    history, previewed = History(database, reads), PreviewedPosts(database)

    server = RpcServer(metrics, server_credentials(tls, "messaging"))
    posts_pb2_grpc.add_PostServiceServicer_to_server(
        PostServicer(
            committer,
            changes,
            history,
            previewed,
            events,
            lambda reason: item_errors.labels("PostService/CreatePosts", reason).inc(),
        ),
        server.grpc_server,
    )
    freshness_pb2_grpc.add_FreshnessServiceServicer_to_server(FreshnessServicer(freshness, events), server.grpc_server)
    reactions_pb2_grpc.add_ReactionServiceServicer_to_server(
        ReactionServicer(
            ReactionOperations(database, events, publisher, clock, settings.ServiceSettings.EnableCustomEmoji)
        ),
        server.grpc_server,
    )
    teams_pb2_grpc.add_TeamServiceServicer_to_server(
        TeamServicer(
            TeamOperations(database, committing, settings, users),
            TeamMemberOperations(database, committing, settings, users),
        ),
        server.grpc_server,
    )
    channels_pb2_grpc.add_ChannelServiceServicer_to_server(
        ChannelServicer(
            ChannelOperations(database, committing, settings, users),
            PersonalChannelOperations(database, committing, settings, users),
            ChannelStateOperations(database, committing, users),
        ),
        server.grpc_server,
    )
    channel_directory_pb2_grpc.add_ChannelDirectoryServiceServicer_to_server(
        ChannelDirectoryServicer(ChannelDirectory(database, users)), server.grpc_server
    )
    member_roles_pb2_grpc.add_MemberRoleServiceServicer_to_server(
        MemberRoleServicer(MemberRoleOperations(committing)), server.grpc_server
    )
    memberships_pb2_grpc.add_MembershipServiceServicer_to_server(
        MembershipServicer(
            MembershipOperations(database, committing, settings, users),
            AttentionOperations(committing, settings, users),
            events,
        ),
        server.grpc_server,
    )
    emoji_pb2_grpc.add_EmojiServiceServicer_to_server(
        EmojiServicer(EmojiOperations(database, committing)), server.grpc_server
    )
    drafts_pb2_grpc.add_DraftServiceServicer_to_server(
        DraftServicer(DraftOperations(database, committing, settings)), server.grpc_server
    )
    categories_pb2_grpc.add_CategoryServiceServicer_to_server(
        CategoryServicer(CategoryOperations(database, committing, users)), server.grpc_server
    )
    threads_pb2_grpc.add_ThreadServiceServicer_to_server(
        ThreadServicer(ThreadOperations(database, committing, users), history, previewed), server.grpc_server
    )
    log_changes = Changes(events, tasks)
    process.readiness.watch(log_changes.hold)
    events_pb2_grpc.add_EventLogServiceServicer_to_server(EventLogServicer(events, log_changes), server.grpc_server)
    await server.start(str(process.listener("listen")))
    process.on_stop("grpc", server.close)
    server.follow(process.readiness, tasks)
    link_previews.start()


if __name__ == "__main__":
    raise SystemExit(run("messaging", wire))
