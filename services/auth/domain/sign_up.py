"""Who may become a user."""

from dataclasses import dataclass

from services.chassis.errors import DomainError, Reason


@dataclass(frozen=True, slots=True)
class SignUpRules:
    """TeamSettings, EmailSettings and LocalizationSettings, as far as they say who may sign up and how."""

    enabled: bool = True
    """EnableSignUpWithEmail and EnableUserCreation."""
    open: bool = False
    """EnableOpenServer."""
    domains: tuple[str, ...] = ()
    """RestrictCreationToDomains; none for all."""
    default_locale: str = "en"


def domains_of(text: str) -> tuple[str, ...]:
    """Read RestrictCreationToDomains: separated by commas or blanks, with or without the at sign."""
    return tuple(text.lower().replace("@", " ").replace(",", " ").split())


def admit(rules: SignUpRules, *, by_admin: bool, invited: bool, first: bool) -> None:
    """Raise sign_up_disabled or sign_up_closed unless an account may be made this way now."""
    if by_admin or invited:
        return
    if not rules.enabled:
        raise DomainError(Reason.SIGN_UP_DISABLED)
    if not (rules.open or first):
        raise DomainError(Reason.SIGN_UP_CLOSED)


def check_domain(email: str, rules: SignUpRules) -> None:
    """Raise email_domain_refused unless accounts may have addresses of this domain."""
    if rules.domains and not any(email.endswith(f"@{domain}") for domain in rules.domains):
        raise DomainError(Reason.EMAIL_DOMAIN_REFUSED)
