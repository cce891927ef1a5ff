"""The monitor's figures for Prometheus, made from its status when somebody asks. No ids are in labels."""

from collections.abc import Callable, Iterator

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from monitor.status import Status


class MonitorCollector(Collector):
    """Register it with a `CollectorRegistry`; it keeps no state of its own."""

    def __init__(self, status: Callable[[], Status]) -> None:
        """Tell what `status` says."""
        self._status = status

    def collect(self) -> Iterator[Metric]:
        """All families, in one consistent look."""
        status = self._status()
        yield GaugeMetricFamily(
            "monitor_queued_steps", "Steps and threads not yet known to be stored.", value=status.queued_steps
        )
        yield GaugeMetricFamily("monitor_queued_bytes", "Their size.", value=status.queued_bytes)
        yield GaugeMetricFamily(
            "monitor_oldest_undelivered_seconds", "Age of the oldest of them.", value=status.oldest_seconds
        )
        yield CounterMetricFamily("monitor_delivered_steps", "Acknowledged by the server.", value=status.delivered)
        yield CounterMetricFamily("monitor_retried_requests", "Deliveries tried again.", value=status.retried)
        yield CounterMetricFamily("monitor_buried_steps", "Refused for good, and kept aside.", value=status.buried)
        lost = CounterMetricFamily("monitor_lost_steps", "Lost, or kept without content.", labels=["reason"])
        for reason, number in status.lost.items():
            lost.add_metric([reason], number)
        yield lost
        breaker = GaugeMetricFamily("monitor_breaker_open", "1 while deliveries are held back.")
        breaker.add_metric([], float(status.breaker != "closed"))
        yield breaker
        latency = HistogramMetricFamily("monitor_delivery_seconds", "From put to stored.")
        latency.add_metric([], [(_bound(bound), n) for bound, n in status.latency.buckets.items()], status.latency.sum)
        yield latency


def _bound(seconds: float) -> str:
    return "+Inf" if seconds == float("inf") else str(seconds)
