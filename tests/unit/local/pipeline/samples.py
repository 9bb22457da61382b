"""Requests as the load balancer would have logged them."""

from local.pipeline.load_balancing.access_log import Access

START = 1_800_000_000.0


def request(at=START, *, status=200, response_s=0.02, answered=True, target="172.18.0.7:8080"):
    return Access(
        at=at - response_s,
        listener="lantern-orders-ProductionListener",
        group="lantern-orders-green",
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
        took_s=response_s,
    )


def serve(metrics, group, *, periods, failed=0, asked=10, response_s=0.02, period_s=1.0, before=START):
    """`asked` requests in each of the periods that end before START, the first `failed` of them with 500."""
    for period in range(periods):
        begin = before - (periods - period) * period_s
        for number in range(asked):
            at = begin + period_s * (number + 0.5) / asked
            metrics.add((group,), request(at, status=500 if number < failed else 200, response_s=response_s))
