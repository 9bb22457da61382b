"""Queries that CloudWatch Logs Insights offers as saved ones."""

from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.shop import PROJECT, SERVICES

# Name: (what it answers, the query)
QUERIES = {
    "one-trace": (
        "Every line of one trace, all services: put the trace id of a segment in place of 1-...",
        "fields timestamp, service, level, message, method, route, status, duration_ms\n"
        '| filter trace_id = "1-..."\n| sort timestamp asc',
    ),
    "failures": (
        "The latest failures, with their trace ids",
        "fields timestamp, service, version, route, status, message, exception.type, trace_id\n"
        '| filter status >= 500 or level = "ERROR"\n| sort timestamp desc\n| limit 50',
    ),
    "latency-by-version": (
        "Requests, failures and latency of each version: did the canary do worse?",
        "filter ispresent(duration_ms)\n"
        "| stats count(*) as requests, sum(status >= 500) as failures, pct(duration_ms, 50) as p50_ms,"
        " pct(duration_ms, 95) as p95_ms by service, version, bin(1m)",
    ),
    "slowest-routes": (
        "Where the time goes",
        "filter ispresent(duration_ms)\n"
        "| stats count(*) as requests, pct(duration_ms, 95) as p95_ms by service, route\n| sort p95_ms desc",
    ),
}


def logs_insights_queries(scope: Construct) -> None:
    """Save `QUERIES`, each over the log groups of the three services."""
    for name, (explanation, query) in QUERIES.items():
        logs.CfnQueryDefinition(
            scope,
            f"Query{name.title().replace('-', '')}",
            name=f"{PROJECT}/{name}",
            query_string=f"# {explanation}\n{query}",
            log_group_names=[service.log_group for service in SERVICES],
        )
