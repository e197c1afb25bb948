"""Metrics of kept pages."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)


class KeptMetrics:
    """The metrics of kept pages; all names begin with roost_kept."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.pages = Gauge("roost_kept_pages", "Pages that are kept.", registry=registry)
        self.bytes = Gauge("roost_kept_bytes", "The size of kept pages.", registry=registry)
        reads = Counter(
            "roost_kept_reads",
            "Reads of pages that may be kept, by outcome.",
            ["outcome"],
            registry=registry,
        )
        # Sent from memory.
        self.kept = reads.labels("kept")
        # A dependency of the page has changed.
        self.changed = reads.labels("changed")
        # None was kept, or it was too old, or not all of it was kept.
        self.absent = reads.labels("absent")
        # A service did not answer the check.
        self.unproven = reads.labels("unproven")
        parts = Counter(
            "roost_kept_parts",
            "Parts of pages that were made to be kept, by source.",
            ["source"],
            registry=registry,
        )
        # Taken over from the page before.
        self.taken = parts.labels("page")
        self.read = parts.labels("service")
        self.check_seconds = Histogram(
            "roost_kept_check_seconds",
            "From when a check was sent to its response, by service.",
            ["service"],
            buckets=_SECONDS,
            registry=registry,
        )
