"""Requests as the load balancer's access log would have them."""

from local.pipeline.load_balancing.access_log import LogEntry

START = 1_800_000_000.0


def request(at=START, *, status=200, response_s=0.02, answered=True, target="172.18.0.7:8080"):
    """A request that ended at a time."""
    return LogEntry(
        at=at - response_s,
        listener="lantern-orders-ProductionListener",
        target_group="lantern-orders-green",
        target=target,
        status=status,
        answered=answered,
        response_s=response_s,
        received=120,
        sent=512,
        client="172.18.0.1:55012",
        trace="Root=1-6b49d200-0123456789abcdef01234567",
        request="GET /orders HTTP/1.1",
        host="orders.lantern.internal:8082",
        agent="python-requests/2.32",
        total_s=response_s,
    )


def add_requests(
    metrics, full_name, *, periods, failed=0, requests=10, response_s=0.02, period_s=1.0, before=START
):
    """Measure so many requests in each of the periods that end before a time, the first `failed` with 500."""
    for period in range(periods):
        begin = before - (periods - period) * period_s
        for number in range(requests):
            at = begin + period_s * (number + 0.5) / requests
            status = 500 if number < failed else 200
            metrics.add((full_name,), request(at, status=status, response_s=response_s))
