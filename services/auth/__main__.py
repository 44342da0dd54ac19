"""The auth service: python -m services.auth --instance … --config … --listen … --admin …."""

from pathlib import Path

from chorus.auth.v1 import (
    access_tokens_pb2_grpc,
    accounts_pb2_grpc,
    bots_pb2_grpc,
    custom_statuses_pb2_grpc,
    preferences_pb2_grpc,
    sessions_pb2_grpc,
    users_pb2_grpc,
)
from chorus.common.v1 import events_pb2_grpc
from services.auth.domain.accounts import AccountRules
from services.auth.domain.passwords import PasswordRules
from services.auth.domain.sessions import SessionRules
from services.auth.domain.sign_up import SignUpRules, domains_of
from services.auth.metrics import AuthMetrics
from services.auth.operations.access_tokens import AccessTokens
from services.auth.operations.accounts import Accounts
from services.auth.operations.activity import Activity
from services.auth.operations.bots import Bots
from services.auth.operations.custom_statuses import CustomStatuses
from services.auth.operations.directory import Directory
from services.auth.operations.preferences import Preferences
from services.auth.operations.revocation import Revocations
from services.auth.operations.sessions import Sessions
from services.auth.operations.sign_in import PasswordCheck, SignIn, SignInRules
from services.auth.operations.users import Users
from services.auth.passwords import Passwords
from services.auth.servicers.access_tokens import AccessTokenServicer
from services.auth.servicers.accounts import AccountServicer
from services.auth.servicers.bots import BotServicer
from services.auth.servicers.custom_statuses import CustomStatusServicer
from services.auth.servicers.preferences import PreferenceServicer
from services.auth.servicers.sessions import SessionServicer
from services.auth.servicers.users import UserServicer
from services.chassis.bus.redis import RedisBus
from services.chassis.config import Settings
from services.chassis.database import Database, migrate
from services.chassis.database.naming import service_dsn
from services.chassis.events import Changes, EventLog, Publisher
from services.chassis.events.servicer import EventLogServicer
from services.chassis.lifecycle import Process, run
from services.chassis.rpc.credentials import server_credentials
from services.chassis.rpc.server import RpcServer

_HOUR_MS = 3_600_000


async def wire(process: Process) -> None:
    """Build the service; everything it needs of others comes in here."""
    settings, clock, tasks = process.settings, process.clock, process.tasks
    metrics = AuthMetrics(process.metrics)
    dsn = service_dsn(settings, "auth")
    await migrate(dsn, Path(__file__).parent / "migrations")
    database = Database("auth", dsn, process.metrics, pool_size=settings.SqlSettings.MaxOpenConns)
    process.on_stop("database", database.close)
    bus = RedisBus(settings, process.metrics)
    process.on_stop("bus", bus.close)
    passwords = Passwords(metrics)
    process.on_stop("passwords", passwords.close)

    log = await EventLog.open(database, process.clock, process.tasks)
    publisher = Publisher(bus, tasks, process.metrics)
    process.on_stop("publisher", publisher.close)
    lengths = _session_rules(settings)
    checks = PasswordCheck(database, passwords, clock)
    revocations = Revocations(log, publisher, bus, tasks, metrics)
    users = Users(
        database, log, publisher, passwords, checks, clock, _sign_up_rules(settings), _password_rules(settings)
    )
    sign_in = SignIn(database, log, checks, revocations, clock, metrics, _sign_in_rules(settings), lengths)
    activity = Activity(database, tasks, lengths)
    process.on_stop("activity", activity.close)
    with_tokens = settings.ServiceSettings.EnableUserAccessTokens
    sessions = Sessions(database, log, revocations, activity, clock, lengths, access_tokens=with_tokens)
    access_tokens = AccessTokens(database, log, revocations, clock, enabled=with_tokens)

    accounts = Accounts(
        database,
        log,
        publisher,
        revocations,
        passwords,
        checks,
        clock,
        _account_rules(settings),
        _password_rules(settings),
    )

    bots = Bots(
        database,
        log,
        publisher,
        accounts,
        clock,
        enabled=settings.ServiceSettings.EnableBotAccountCreation,
        locale=settings.LocalizationSettings.DefaultClientLocale,
    )
    statuses = CustomStatuses(database, log, publisher, clock, enabled=settings.TeamSettings.EnableCustomUserStatuses)

    server = RpcServer(process.metrics, server_credentials(Path(settings.ChorusSettings.TLSDirectory), "auth"))
    users_pb2_grpc.add_UserServiceServicer_to_server(UserServicer(users, Directory(database, log)), server.grpc_server)
    accounts_pb2_grpc.add_AccountServiceServicer_to_server(AccountServicer(accounts), server.grpc_server)
    access_tokens_pb2_grpc.add_AccessTokenServiceServicer_to_server(
        AccessTokenServicer(access_tokens), server.grpc_server
    )
    bots_pb2_grpc.add_BotServiceServicer_to_server(BotServicer(bots), server.grpc_server)
    custom_statuses_pb2_grpc.add_CustomStatusServiceServicer_to_server(
        CustomStatusServicer(statuses), server.grpc_server
    )
    sessions_pb2_grpc.add_SessionServiceServicer_to_server(SessionServicer(sign_in, sessions), server.grpc_server)
    preferences = Preferences(database, log, publisher, clock)
    preferences_pb2_grpc.add_PreferenceServiceServicer_to_server(PreferenceServicer(preferences), server.grpc_server)
    changes = Changes(log, tasks)
    process.readiness.watch(changes.hold)
    events_pb2_grpc.add_EventLogServiceServicer_to_server(EventLogServicer(log, changes), server.grpc_server)
    await server.start(str(process.listener("listen")))
    process.on_stop("grpc", server.close)
    server.follow(process.readiness, tasks)


def _sign_up_rules(settings: Settings) -> SignUpRules:
    return SignUpRules(
        enabled=settings.EmailSettings.EnableSignUpWithEmail and settings.TeamSettings.EnableUserCreation,
        open=settings.TeamSettings.EnableOpenServer,
        domains=domains_of(settings.TeamSettings.RestrictCreationToDomains),
        default_locale=settings.LocalizationSettings.DefaultClientLocale,
    )


def _password_rules(settings: Settings) -> PasswordRules:
    password = settings.PasswordSettings
    return PasswordRules(
        password.MinimumLength, password.Lowercase, password.Uppercase, password.Number, password.Symbol
    )


def _account_rules(settings: Settings) -> AccountRules:
    return AccountRules(
        guests=settings.GuestAccountsSettings.Enable,
        self_deactivation=settings.TeamSettings.EnableUserDeactivation,
        end_sessions=settings.ServiceSettings.TerminateSessionsOnPasswordChange,
    )


def _sign_in_rules(settings: Settings) -> SignInRules:
    return SignInRules(
        max_attempts=settings.ServiceSettings.MaximumLoginAttempts,
        by_username=settings.EmailSettings.EnableSignInWithUsername,
        by_email=settings.EmailSettings.EnableSignInWithEmail,
        guests=settings.GuestAccountsSettings.Enable,
    )


def _session_rules(settings: Settings) -> SessionRules:
    service = settings.ServiceSettings
    return SessionRules(
        web_ms=service.SessionLengthWebInHours * _HOUR_MS,
        mobile_ms=service.SessionLengthMobileInHours * _HOUR_MS,
        extend=service.ExtendSessionLengthWithActivity,
        idle_ms=service.SessionIdleTimeoutInMinutes * 60_000,
    )


if __name__ == "__main__":
    raise SystemExit(run("auth", wire))
