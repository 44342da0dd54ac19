"""Roles and permissions as data: the default roles of the protocol with their permission ids.

A permission is a string id, a role a name with a list of ids, and a check asks whether any role of a set lists the id.
Wider scopes only ever add; there is no deny. Source: the client contract's default roles.
"""

from collections.abc import Iterable
from typing import Final

_SYSTEM: Final = """
    assign_system_admin_role manage_roles manage_system create_direct_channel create_group_channel
    list_public_teams join_public_teams list_private_teams join_private_teams edit_other_users
    read_other_users_teams get_public_link manage_system_wide_oauth manage_oauth create_team
    list_users_without_team create_user_access_token read_user_access_token revoke_user_access_token
    create_bot assign_bot read_bots read_others_bots manage_bots manage_others_bots read_jobs manage_jobs
    promote_guest demote_to_guest edit_brand manage_shared_channels manage_secure_connections
    download_compliance_export_result create_data_retention_job manage_data_retention_job
    read_data_retention_job create_compliance_export_job manage_compliance_export_job
    read_compliance_export_job read_audits test_site_url test_elasticsearch test_s3 reload_config
    invalidate_caches recycle_database_connections purge_elasticsearch_indexes test_email
    create_elasticsearch_post_indexing_job manage_elasticsearch_post_indexing_job
    create_elasticsearch_post_aggregation_job manage_elasticsearch_post_aggregation_job
    read_elasticsearch_post_indexing_job read_elasticsearch_post_aggregation_job create_ldap_sync_job
    manage_ldap_sync_job read_ldap_sync_job test_ldap invalidate_email_invite get_saml_metadata_from_idp
    add_saml_public_cert add_saml_private_cert add_saml_idp_cert remove_saml_public_cert
    remove_saml_private_cert remove_saml_idp_cert get_saml_cert_status add_ldap_public_cert
    add_ldap_private_cert remove_ldap_public_cert remove_ldap_private_cert get_analytics get_logs
    read_license_information manage_license_information create_custom_group manage_outgoing_oauth_connections
"""
_TEAM: Final = """
    invite_user add_user_to_team manage_own_slash_commands manage_others_slash_commands create_public_channel
    create_private_channel manage_team_roles list_team_channels join_public_channels read_public_channel
    manage_own_incoming_webhooks manage_own_outgoing_webhooks manage_others_incoming_webhooks
    manage_others_outgoing_webhooks bypass_incoming_webhook_channel_lock create_emojis delete_emojis
    delete_others_emojis remove_user_from_team manage_team import_team view_team view_members invite_guest
    playbook_public_create playbook_private_create
"""
_CHANNEL: Final = """
    use_slash_commands manage_public_channel_members manage_private_channel_members manage_channel_roles
    manage_public_channel_properties manage_private_channel_properties manage_public_channel_auto_translation
    manage_private_channel_auto_translation convert_public_channel_to_private
    convert_private_channel_to_public delete_public_channel delete_private_channel read_channel
    read_channel_content read_public_channel_groups read_private_channel_groups add_reaction remove_reaction
    remove_others_reactions upload_file create_post create_post_public create_post_ephemeral
    read_deleted_posts edit_post edit_others_posts delete_post delete_others_posts use_channel_mentions
    use_group_mentions add_bookmark_public_channel edit_bookmark_public_channel delete_bookmark_public_channel
    order_bookmark_public_channel add_bookmark_private_channel edit_bookmark_private_channel
    delete_bookmark_private_channel order_bookmark_private_channel manage_public_channel_banner
    manage_private_channel_banner manage_channel_access_rules
"""
_GROUP: Final = """
    manage_custom_group_members edit_custom_group delete_custom_group restore_custom_group
"""
_PLAYBOOK: Final = """
    playbook_public_manage_properties playbook_public_manage_members playbook_public_manage_roles
    playbook_public_view playbook_public_make_private playbook_private_manage_properties
    playbook_private_manage_members playbook_private_manage_roles playbook_private_view
    playbook_private_make_public run_create
"""
_RUN: Final = """
    run_manage_properties run_manage_members run_view
"""
_CONSOLE_READ: Final = """
    sysconsole_read_about_edition_and_license sysconsole_read_billing
    sysconsole_read_reporting_site_statistics sysconsole_read_reporting_team_statistics
    sysconsole_read_reporting_server_logs sysconsole_read_user_management_users
    sysconsole_read_user_management_groups sysconsole_read_user_management_teams
    sysconsole_read_user_management_channels sysconsole_read_user_management_permissions
    sysconsole_read_user_management_system_roles sysconsole_read_environment_web_server
    sysconsole_read_environment_database sysconsole_read_environment_elasticsearch
    sysconsole_read_environment_file_storage sysconsole_read_environment_image_proxy
    sysconsole_read_environment_smtp sysconsole_read_environment_push_notification_server
    sysconsole_read_environment_high_availability sysconsole_read_environment_rate_limiting
    sysconsole_read_environment_logging sysconsole_read_environment_session_lengths
    sysconsole_read_environment_performance_monitoring sysconsole_read_environment_developer
    sysconsole_read_environment_mobile_security sysconsole_read_site_customization
    sysconsole_read_site_localization sysconsole_read_site_users_and_teams sysconsole_read_site_notifications
    sysconsole_read_site_announcement_banner sysconsole_read_site_emoji sysconsole_read_site_posts
    sysconsole_read_site_file_sharing_and_downloads sysconsole_read_site_public_links
    sysconsole_read_site_notices sysconsole_read_authentication_signup sysconsole_read_authentication_email
    sysconsole_read_authentication_password sysconsole_read_authentication_mfa
    sysconsole_read_authentication_ldap sysconsole_read_authentication_saml
    sysconsole_read_authentication_openid sysconsole_read_authentication_guest_access sysconsole_read_plugins
    sysconsole_read_integrations_integration_management sysconsole_read_integrations_bot_accounts
    sysconsole_read_integrations_gif sysconsole_read_integrations_cors
    sysconsole_read_compliance_data_retention_policy sysconsole_read_compliance_compliance_export
    sysconsole_read_compliance_compliance_monitoring sysconsole_read_compliance_custom_terms_of_service
    sysconsole_read_experimental_features sysconsole_read_experimental_feature_flags
    sysconsole_read_products_boards sysconsole_read_site_ip_filters
"""
_CONSOLE_WRITE: Final = _CONSOLE_READ.replace("_read_", "_write_")

ALL: Final = frozenset(
    " ".join((_SYSTEM, _TEAM, _CHANNEL, _GROUP, _PLAYBOOK, _RUN, _CONSOLE_READ, _CONSOLE_WRITE)).split()
)
"""Every permission id that is not deprecated; what system_admin holds."""

_ROLES: Final = {
    "system_user": """
        list_public_teams join_public_teams create_direct_channel create_group_channel view_members
        create_team create_emojis delete_emojis create_custom_group edit_custom_group delete_custom_group
        restore_custom_group manage_custom_group_members
    """,
    "system_guest": """
        create_direct_channel create_group_channel
    """,
    "team_user": """
        list_team_channels join_public_channels read_public_channel view_team create_public_channel
        create_private_channel invite_user add_user_to_team playbook_public_create playbook_private_create
    """,
    "team_guest": """
        view_team
    """,
    "team_admin": """
        remove_user_from_team manage_team import_team manage_team_roles manage_channel_roles
        manage_own_incoming_webhooks manage_others_incoming_webhooks manage_own_outgoing_webhooks
        manage_others_outgoing_webhooks manage_own_slash_commands manage_others_slash_commands
        bypass_incoming_webhook_channel_lock convert_public_channel_to_private
        convert_private_channel_to_public delete_post delete_others_posts create_post upload_file
        use_channel_mentions use_group_mentions add_reaction remove_reaction manage_public_channel_members
        manage_private_channel_members read_public_channel_groups read_private_channel_groups
        playbook_public_manage_roles playbook_private_manage_roles add_bookmark_public_channel
        edit_bookmark_public_channel delete_bookmark_public_channel order_bookmark_public_channel
        add_bookmark_private_channel edit_bookmark_private_channel delete_bookmark_private_channel
        order_bookmark_private_channel manage_public_channel_banner manage_private_channel_banner
        manage_channel_access_rules manage_public_channel_auto_translation
        manage_private_channel_auto_translation
    """,
    "channel_user": """
        read_channel read_channel_content add_reaction remove_reaction manage_public_channel_members
        manage_private_channel_members upload_file get_public_link create_post use_channel_mentions
        use_group_mentions manage_public_channel_properties delete_public_channel
        manage_private_channel_properties delete_private_channel delete_post edit_post
        read_public_channel_groups read_private_channel_groups add_bookmark_public_channel
        edit_bookmark_public_channel delete_bookmark_public_channel order_bookmark_public_channel
        add_bookmark_private_channel edit_bookmark_private_channel delete_bookmark_private_channel
        order_bookmark_private_channel
    """,
    "channel_guest": """
        read_channel read_channel_content add_reaction remove_reaction upload_file edit_post create_post
        use_channel_mentions
    """,
    "channel_admin": """
        manage_channel_roles use_group_mentions use_channel_mentions create_post upload_file add_reaction
        remove_reaction manage_public_channel_members manage_private_channel_members
        read_public_channel_groups read_private_channel_groups add_bookmark_public_channel
        edit_bookmark_public_channel delete_bookmark_public_channel order_bookmark_public_channel
        add_bookmark_private_channel edit_bookmark_private_channel delete_bookmark_private_channel
        order_bookmark_private_channel manage_public_channel_banner manage_private_channel_banner
        manage_channel_access_rules manage_public_channel_auto_translation
        manage_private_channel_auto_translation
    """,
    "team_post_all": """
        create_post use_channel_mentions use_group_mentions upload_file
    """,
    "system_post_all": """
        create_post use_channel_mentions use_group_mentions upload_file
    """,
    "team_post_all_public": """
        create_post_public use_channel_mentions use_group_mentions
    """,
    "system_post_all_public": """
        create_post_public use_channel_mentions use_group_mentions
    """,
    "system_user_access_token": """
        create_user_access_token read_user_access_token revoke_user_access_token
    """,
    "system_custom_group_admin": """
        create_custom_group edit_custom_group delete_custom_group restore_custom_group
        manage_custom_group_members
    """,
    "shared_channel_manager": """
        manage_shared_channels
    """,
    "secure_connection_manager": """
        manage_secure_connections
    """,
    "custom_group_user": "",
    # They are given with a licence alone, and so hold nothing here.
    "system_manager": "",
    "system_user_manager": "",
    "system_read_only_admin": "",
    "playbook_admin": """
        playbook_public_manage_members playbook_public_manage_roles playbook_public_manage_properties
        playbook_private_manage_members playbook_private_manage_roles playbook_private_manage_properties
        playbook_public_make_private
    """,
    "playbook_member": """
        playbook_public_view playbook_public_manage_members playbook_public_manage_properties
        playbook_private_view playbook_private_manage_members playbook_private_manage_properties run_create
    """,
    "run_admin": """
        run_manage_members run_manage_properties
    """,
    "run_member": """
        run_view
    """,
}

ROLES: Final[dict[str, frozenset[str]]] = {"system_admin": ALL} | {
    name: frozenset(ids.split()) for name, ids in _ROLES.items()
}
"""The default roles."""


def granted(roles: Iterable[str], permission: str) -> bool:
    """Say whether any of the roles lists the permission; an unknown role lists none."""
    return any(permission in ROLES.get(role, ()) for role in roles)


def membership_roles(scope: str, *, guest: bool, user: bool, admin: bool, explicit: str = "") -> list[str]:
    """Return the roles of a membership in a `team` or `channel`: its flags' roles, then the explicit ones."""
    flags = ((guest, "guest"), (user, "user"), (admin, "admin"))
    return [f"{scope}_{name}" for held, name in flags if held] + explicit.split()
