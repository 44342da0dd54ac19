"""What the WebSocket side counts."""

from services.chassis.metrics import Metrics


class SocketMetrics:
    """Counters of sockets, deliveries and what went wrong with them."""

    def __init__(self, metrics: Metrics) -> None:
        """Declare them."""
        self.sockets = metrics.gauge("edge_sockets", "Sockets of signed-in users that got their hello.")
        self.events = metrics.counter("edge_events_total", "Events handed to sockets here, by kind.", ("kind",))
        self.frames = metrics.counter("edge_frames_total", "Frames handed to sockets, replies not counted.")
        self.dropped = metrics.counter(
            "edge_events_dropped_total", "Events not handed on: duplicates, or typing to a slow socket.", ("why",)
        )
        self.repairs = metrics.counter(
            "edge_repairs_total",
            "Gaps that the log was asked for, by end: repaired, failed or truncated.",
            ("outcome",),
        )
        self.closed = metrics.counter("edge_sockets_closed_total", "Sockets closed by this edge, by cause.", ("cause",))
        self.baselines = metrics.counter(
            "edge_baselines_total", "Baselines asked for, by end: read or failed.", ("outcome",)
        )
        self.resumptions = metrics.counter(
            "edge_resumptions_total",
            "Clients that came again, by end: here, from_another, or why they begin anew.",
            ("outcome",),
        )
        self.handed_over = metrics.counter(
            "edge_handovers_total", "Connections that other edges asked for: given, or why not.", ("outcome",)
        )
        self.away = metrics.gauge("edge_streams_away", "Connections that wait for their clients to come again.")
        self.away_bytes = metrics.gauge("edge_streams_away_bytes", "Bytes kept for clients that are to come again.")
