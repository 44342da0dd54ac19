"""Pages by number, kept within a bound: no query may walk past any number of rows."""

from typing import Final

from services.chassis.errors import DomainError, Reason

MAX_OFFSET: Final = 200_000
"""Rows that a page may skip; beyond it a client has other ways than paging."""


def offset_of(page: int, per_page: int) -> int:
    """Return how many rows come before the page. Raises invalid_url_parameter beyond the bound."""
    offset = page * per_page
    if offset > MAX_OFFSET:
        raise DomainError(Reason.INVALID_URL_PARAMETER, field="page")
    return offset
