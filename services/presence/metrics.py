"""What presence counts."""

from services.chassis.metrics import Metrics


class PresenceMetrics:
    """Presence's own metrics."""

    def __init__(self, metrics: Metrics) -> None:
        """Declare them."""
        self.status_changes = metrics.counter(
            "presence_status_changes_total", "Statuses that changed, by the new one.", ("status",)
        )
        self.edges_expired = metrics.counter(
            "presence_edges_expired_total", "Edges whose lease ran out: killed, cut off, or gone for good."
        )
        self.full_reports_wanted = metrics.counter(
            "presence_full_reports_wanted_total", "Reports of edges that Redis did not know (any more)."
        )
        self.sweep_failures = metrics.counter(
            "presence_sweep_failures_total", "Sweeps that failed, mostly because Redis or PostgreSQL was away."
        )
