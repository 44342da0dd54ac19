"""What files counts."""

from services.chassis.metrics import Metrics


class FilesMetrics:
    """The files service's own metrics."""

    def __init__(self, metrics: Metrics) -> None:
        """Declare them."""
        self.uploaded = metrics.counter("files_uploaded_total", "Files that were stored.")
        self.uploaded_bytes = metrics.counter("files_uploaded_bytes_total", "Bytes of files that were stored.")
        self.downloaded_bytes = metrics.counter("files_downloaded_bytes_total", "Bytes that were handed out.")
        self.picture_seconds = metrics.histogram(
            "files_picture_seconds",
            "One task of a worker, by outcome: ok, too_large, unreadable, overrun (time or memory).",
            ("outcome",),
        )
        self.links = metrics.counter(
            "files_links_total", "Links that were looked at, by what was found: page, image, nothing.", ("found",)
        )
        self.claims_released = metrics.counter(
            "files_claims_released_total", "Files set free because the post that had claimed them never came."
        )
        self.missing_objects = metrics.counter(
            "files_missing_objects_total", "Forms that the database knows and the object store does not have."
        )
