"""The lines of progress and the final table, from Locust's statistics."""

from typing import Any


def progress(stats: Any, elapsed_s: float, seconds: float) -> str:
    """Return a line with the time, requests, failures and percentiles in ms."""
    total, answered = stats.total, f"{stats.total.num_requests:6d} requests"
    return (
        f"{elapsed_s:5.0f} of {seconds:.0f} s  {answered}  {total.num_failures:4d} failed  "
        f"p50 {_ms(total, 0.5)}   p95 {_ms(total, 0.95)}   p99 {_ms(total, 0.99)} ms"
    )


def table(stats: Any, elapsed_s: float) -> list[str]:
    """Return a row for each kind of request, one for all, and the ten most frequent failures."""
    head = f"{'':20} {'requests':>8} {'failed':>7} {'a second':>9} {'p50':>6} {'p95':>6} {'p99':>6} ms"
    rows = [head, *(_row(name, stats.get(name, method), elapsed_s) for name, method in sorted(stats.entries))]
    rows.append(_row("all", stats.total, elapsed_s))
    failures = sorted(stats.errors.values(), key=lambda failure: -failure.occurrences)[:10]
    return rows + [f"  {failure.occurrences} times {failure.name}: {failure.error}" for failure in failures]


def _row(name: str, entry: Any, elapsed_s: float) -> str:
    rate = entry.num_requests / max(elapsed_s, 0.001)
    times = " ".join(f"{_ms(entry, share):>6}" for share in (0.5, 0.95, 0.99))
    return f"{name:20} {entry.num_requests:8d} {entry.num_failures:7d} {rate:9.1f} {times}"


def _ms(entry: Any, share: float) -> str:
    return f"{entry.get_response_time_percentile(share) or 0:.0f}"
