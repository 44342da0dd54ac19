"""Whom a user may see."""

from collections.abc import Sequence

from services.chassis.database import Transaction
from services.chassis.permissions import granted
from services.messaging.domain.access import Roles, may_in_team
from services.messaging.operations.actor import Actor
from services.messaging.store import memberships, teams


async def visible_ids(tx: Transaction, actor: Actor, user_ids: Sequence[str]) -> set[str]:
    """Return those of the users whom the actor may see: all, or those of its teams and channels."""
    if granted(actor.roles, "view_members"):
        return set(user_ids)
    return await acquainted_ids(tx, actor.user_id, user_ids)


async def acquainted_ids(tx: Transaction, viewer_id: str, user_ids: Sequence[str]) -> set[str]:
    """Return those of the users in a channel of the viewer's, or in a team where its role lets it see the members."""
    open_teams = [
        m.team_id
        for m in await teams.memberships(tx, viewer_id)
        if m.active
        and may_in_team("view_members", (), Roles(m.scheme_guest, m.scheme_user, m.scheme_admin, m.explicit_roles))
    ]
    return await memberships.visible(tx, viewer_id, user_ids, open_teams)
