"""Teams and team members: SQL over arrays, on the transaction it is given."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from services.chassis.database import Row, Transaction
from services.messaging.domain.access import Roles
from services.messaging.domain.teams import Team, TeamMember

_TEAM: Final = """t.id, t.create_at, t.update_at, t.delete_at, t.display_name, t.name, t.description, t.email, t.type,
       t.company_name, t.allowed_domains, t.invite_id, t.allow_open_invite"""
MEMBER: Final = """m.team_id, m.user_id, m.scheme_guest, m.scheme_user, m.scheme_admin, m.explicit_roles,
       m.create_at, m.delete_at"""
"""The columns that stand for a TeamMember."""
_TEAM_FIELDS: Final = 13


def _sql(text: str) -> str:
    """Write out the columns that stand for a Team and a TeamMember, in the order of their fields."""
    return text.replace("<team>", _TEAM).replace("<member>", MEMBER)


_READ: Final = _sql("SELECT <team> FROM teams t WHERE t.id = %(id)s")
_VIEW: Final = _sql("""
SELECT <team>, m.user_id IS NOT NULL AS inside, m.scheme_guest, m.scheme_user, m.scheme_admin, m.explicit_roles
FROM teams t LEFT JOIN team_members m ON m.team_id = t.id AND m.user_id = %(viewer)s AND m.delete_at = 0
WHERE t.id = %(id)s OR t.name = %(name)s""")
_LIST: Final = _sql("""
SELECT <team>, m.user_id IS NOT NULL AS inside, m.scheme_guest, m.scheme_user, m.scheme_admin, m.explicit_roles,
       count(*) OVER () AS total
FROM teams t LEFT JOIN team_members m ON m.team_id = t.id AND m.user_id = %(viewer)s AND m.delete_at = 0
WHERE t.delete_at = 0
  AND ((t.allow_open_invite AND %(open)s) OR (NOT t.allow_open_invite AND %(closed)s) OR m.user_id IS NOT NULL)
  AND (%(term)s = '' OR t.name LIKE %(term)s OR lower(t.display_name) LIKE %(term)s)
ORDER BY t.display_name, t.id LIMIT %(limit)s OFFSET %(offset)s""")
_OF_USER: Final = _sql("""
SELECT <team>, m.user_id IS NOT NULL AS inside, m.scheme_guest, m.scheme_user, m.scheme_admin, m.explicit_roles
FROM team_members tm JOIN teams t ON t.id = tm.team_id
LEFT JOIN team_members m ON m.team_id = t.id AND m.user_id = %(viewer)s AND m.delete_at = 0
WHERE tm.user_id = %(user)s AND tm.delete_at = 0 AND t.delete_at = 0 ORDER BY t.display_name, t.id""")
_INSERT: Final = """
INSERT INTO teams (id, create_at, update_at, delete_at, display_name, name, description, email, type, company_name,
                   allowed_domains, invite_id, allow_open_invite)
VALUES (%(id)s, %(create_at)s, %(update_at)s, %(delete_at)s, %(display_name)s, %(name)s, %(description)s, %(email)s,
        %(type)s, %(company_name)s, %(allowed_domains)s, %(invite_id)s, %(allow_open_invite)s)
ON CONFLICT (name) DO NOTHING RETURNING id"""
_UPDATE: Final = """
UPDATE teams SET update_at = %(update_at)s, display_name = %(display_name)s, description = %(description)s,
  company_name = %(company_name)s, allowed_domains = %(allowed_domains)s, allow_open_invite = %(allow_open_invite)s,
  type = %(type)s, invite_id = %(invite_id)s
WHERE id = %(id)s"""
_PUT_MEMBERS: Final = """
INSERT INTO team_members
  (team_id, user_id, scheme_guest, scheme_user, scheme_admin, explicit_roles, create_at, delete_at)
SELECT team_id, user_id, guest, plain, admin, explicit, at, 0
FROM unnest(%(teams)s::text[], %(users)s::text[], %(guests)s::boolean[], %(plain)s::boolean[], %(admins)s::boolean[],
            %(explicit)s::text[], %(ats)s::bigint[]) AS new (team_id, user_id, guest, plain, admin, explicit, at)
ORDER BY team_id, user_id
ON CONFLICT (team_id, user_id) DO UPDATE SET
  scheme_guest = excluded.scheme_guest, scheme_user = excluded.scheme_user, scheme_admin = excluded.scheme_admin,
  explicit_roles = excluded.explicit_roles, create_at = excluded.create_at, delete_at = 0"""
_END_MEMBER: Final = """
UPDATE team_members SET delete_at = %(at)s, scheme_admin = false, explicit_roles = ''
WHERE team_id = %(team)s AND user_id = %(user)s"""
_MEMBERS: Final = _sql("SELECT <member> FROM team_members m WHERE m.team_id = %(team)s AND m.user_id = ANY(%(users)s)")
_PAGE: Final = _sql("""
SELECT <member> FROM team_members m WHERE m.team_id = %(team)s AND m.delete_at = 0
ORDER BY m.user_id LIMIT %(limit)s OFFSET %(offset)s""")
_MEMBERSHIPS: Final = _sql("SELECT <member> FROM team_members m WHERE m.user_id = %(user)s ORDER BY m.team_id")
_TEAMMATES: Final = """
SELECT DISTINCT theirs.user_id FROM team_members mine JOIN team_members theirs ON theirs.team_id = mine.team_id
WHERE mine.user_id = %(viewer)s AND mine.delete_at = 0 AND theirs.delete_at = 0 AND theirs.user_id = ANY(%(users)s)"""
_INVITED: Final = _sql("SELECT <team> FROM teams t WHERE t.invite_id = %(invite)s")
_STATS: Final = """
SELECT count(*) AS total, count(*) FILTER (WHERE u.delete_at = 0) AS active
FROM team_members m JOIN users u ON u.id = m.user_id
WHERE m.team_id = %(team)s AND m.delete_at = 0 AND (%(viewer)s = '' OR m.user_id = %(viewer)s OR m.user_id IN (
  SELECT theirs.user_id FROM channel_members mine JOIN channel_members theirs ON theirs.channel_id = mine.channel_id
  WHERE mine.user_id = %(viewer)s))"""
_SIZE: Final = "SELECT count(*) AS size FROM team_members WHERE team_id = %(team)s AND delete_at = 0"


async def read(tx: Transaction, team_id: str) -> Team | None:
    """Read a team."""
    rows = await tx.fetch(_READ, id=team_id)
    return Team(*rows[0]) if rows else None


async def view(
    tx: Transaction, viewer_id: str, *, team_id: str = "", name: str = ""
) -> tuple[Team, Roles | None] | None:
    """Read a team by id or name, with the viewer's roles in it."""
    rows = await tx.fetch(_VIEW, id=team_id or None, name=name or None, viewer=viewer_id)
    return _viewed(rows[0]) if rows else None


async def page(
    tx: Transaction, viewer_id: str, *, open_ones: bool, closed_ones: bool, limit: int, offset: int, term: str = ""
) -> tuple[list[tuple[Team, Roles | None]], int]:
    """Read a page of the teams that may be found, the viewer's own included, with its roles; and how many there are.

    `term`: only those with it in a name, without case.
    """
    escaped = term.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    rows = await tx.fetch(
        _LIST,
        viewer=viewer_id,
        open=open_ones,
        closed=closed_ones,
        term=f"%{escaped}%" if term else "",
        limit=limit,
        offset=offset,
    )
    return [_viewed(row) for row in rows], rows[0].total if rows else 0


async def of_user(tx: Transaction, viewer_id: str, user_id: str) -> list[tuple[Team, Roles | None]]:
    """Read a user's teams, with the viewer's roles in them."""
    return [_viewed(row) for row in await tx.fetch(_OF_USER, viewer=viewer_id, user=user_id)]


async def insert(tx: Transaction, team: Team) -> bool:
    """Store a new team; return whether its name was free."""
    return bool(await tx.fetch(_INSERT, **asdict(team)))


async def update(tx: Transaction, team: Team) -> None:
    """Store a changed team."""
    await tx.fetch(_UPDATE, **asdict(team))


async def put_members(tx: Transaction, members: Sequence[TeamMember]) -> None:
    """Begin memberships, or begin them again."""
    await tx.fetch(
        _PUT_MEMBERS,
        teams=[m.team_id for m in members],
        users=[m.user_id for m in members],
        guests=[m.scheme_guest for m in members],
        plain=[m.scheme_user for m in members],
        admins=[m.scheme_admin for m in members],
        explicit=[m.explicit_roles for m in members],
        ats=[m.create_at for m in members],
    )


async def end_member(tx: Transaction, team_id: str, user_id: str, at: int) -> None:
    """End a membership; what it gave beyond an ordinary one does not come back with the user."""
    await tx.fetch(_END_MEMBER, team=team_id, user=user_id, at=at)


async def members(tx: Transaction, team_id: str, user_ids: Sequence[str]) -> dict[str, TeamMember]:
    """Read memberships, ended ones too, by user id."""
    rows = await tx.fetch(_MEMBERS, team=team_id, users=list(user_ids))
    return {row.user_id: TeamMember(*row) for row in rows}


async def member_page(tx: Transaction, team_id: str, limit: int, offset: int) -> list[TeamMember]:
    """Read a page of the active members, by user id."""
    return [TeamMember(*row) for row in await tx.fetch(_PAGE, team=team_id, limit=limit, offset=offset)]


async def memberships(tx: Transaction, user_id: str) -> list[TeamMember]:
    """Read a user's memberships in all teams, ended ones too."""
    return [TeamMember(*row) for row in await tx.fetch(_MEMBERSHIPS, user=user_id)]


async def teammates(tx: Transaction, viewer_id: str, user_ids: Sequence[str]) -> set[str]:
    """Read which of the users share a team with the viewer."""
    return {row.user_id for row in await tx.fetch(_TEAMMATES, viewer=viewer_id, users=list(user_ids))}


async def invited(tx: Transaction, invite_id: str) -> Team | None:
    """Read the team of an invitation."""
    rows = await tx.fetch(_INVITED, invite=invite_id)
    return Team(*rows[0]) if rows else None


async def stats(tx: Transaction, team_id: str, viewer_id: str) -> tuple[int, int]:
    """Count the members, and the active ones among them; only those in a channel with the viewer, if there is one."""
    row = (await tx.fetch(_STATS, team=team_id, viewer=viewer_id))[0]
    return row.total, row.active


async def size(tx: Transaction, team_id: str) -> int:
    """Count the active members."""
    count: int = (await tx.fetch(_SIZE, team=team_id))[0].size
    return count


def _viewed(row: Row) -> tuple[Team, Roles | None]:
    roles = Roles(row.scheme_guest, row.scheme_user, row.scheme_admin, row.explicit_roles) if row.inside else None
    return Team(*row[:_TEAM_FIELDS]), roles
