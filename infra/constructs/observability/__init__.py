"""Dashboard, metrics, notifications, saved queries, X-Ray's groups and sampling rules."""
