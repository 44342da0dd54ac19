"""What the edge's REST side counts."""

from services.chassis.metrics import Metrics


class RestMetrics:
    """Requests by route."""

    def __init__(self, metrics: Metrics) -> None:
        """Declare them."""
        self.requests = metrics.counter(
            "edge_rest_requests_total",
            "Requests answered, by method, route and HTTP status.",
            ("method", "route", "status"),
        )
        self.seconds = metrics.histogram(
            "edge_rest_seconds", "From a request's head to the end of its answer, in seconds.", ("method", "route")
        )
