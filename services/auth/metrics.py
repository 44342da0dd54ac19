"""What auth counts."""

from services.chassis.metrics import Metrics


class AuthMetrics:
    """Auth's own metrics, beside the chassis's."""

    def __init__(self, metrics: Metrics) -> None:
        """Declare them."""
        self.sign_ins = metrics.counter(
            "auth_sign_ins_total", "Attempts to sign in, by outcome: ok or the reason of the refusal.", ("outcome",)
        )
        self.hash_seconds = metrics.histogram(
            "auth_password_hash_seconds", "From asking for a password's hash or check to its end, the wait included."
        )
        self.revocations = metrics.counter("auth_revocations_total", "Revocations that were announced.")
        self.revocation_failures = metrics.counter(
            "auth_revocation_failures_total",
            "Revocations that the control stream did not take: edges learn of them from the log within seconds.",
        )
