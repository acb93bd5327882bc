"""What the service counts about itself: no ids, no names, and labels only from closed lists."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector


class Metrics:
    """One registry per service, so that several may live in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.commands = Counter(
            "bidao_commands", "Commands asked, by name and outcome", ["command", "outcome"], registry=self.registry
        )
        self.requests = Histogram(
            "bidao_request_seconds", "Time to answer", ["method", "route", "status"], registry=self.registry
        )
        self.messages = Counter(
            "bidao_messages",
            "Messages to whoever is on duty, by channel and result",
            ["channel", "result"],
            registry=self.registry,
        )
        self.watching = Gauge("bidao_watch_leader", "1 where this process keeps the watch", registry=self.registry)
        self.passes = Histogram("bidao_watch_pass_seconds", "Time of one pass of the watch", registry=self.registry)
        self.answers = Gauge("bidao_store_up", "1 while store and views answer, 0 when not", registry=self.registry)
        self.stored = Gauge("bidao_store_position", "Position of the newest stored event", registry=self.registry)
        self.shown = Gauge("bidao_views_position", "Position up to which the views show", registry=self.registry)
        self.lag = Gauge("bidao_views_lag_events", "Events stored and not yet in the views", registry=self.registry)
        self.building = Gauge(
            "bidao_views_building", "Views that are being built, anew or again", registry=self.registry
        )
        self.to_build = Gauge(
            "bidao_views_building_lag_events", "Events not yet in the one that is least far", registry=self.registry
        )

        self.sealed_position = Gauge("bidao_log_position", "Position up to which is sealed", registry=self.registry)
        self.unsealed = Gauge("bidao_log_lag_events", "Events stored and not yet sealed", registry=self.registry)
        self.not_sealing = Gauge("bidao_log_failing", "1 while sealing fails in this process", registry=self.registry)
        self.outside = Gauge(
            "bidao_log_outside", "Holders and time stamping authorities of checkpoints", registry=self.registry
        )
        self.not_taking = Gauge(
            "bidao_log_outside_failing", "Those that did not take what they were handed last", registry=self.registry
        )

    def positions(self, stored: int, shown: int) -> None:
        """Note where store and views stand."""
        self.answers.set(1)
        self.stored.set(stored)
        self.shown.set(shown)
        self.lag.set(max(0, stored - shown))

    def built(self, stored: int, done: Sequence[int]) -> None:
        """Note how many events each view that is being built has taken in."""
        self.building.set(len(done))
        self.to_build.set(max((stored - events for events in done), default=0))

    def sealed(self, position: int, lag: int, *, failing: bool) -> None:
        """Note how far the log has come."""
        self.sealed_position.set(position)
        self.unsealed.set(lag)
        self.not_sealing.set(failing)

    def handed_over(self, places: int, failing: int) -> None:
        """Note who outside takes checkpoints."""
        self.outside.set(places)
        self.not_taking.set(failing)

    def unanswered(self) -> None:
        """Note that store or views do not answer; where they stood last stays."""
        self.answers.set(0)
