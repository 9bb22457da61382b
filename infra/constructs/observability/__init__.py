"""Dashboard, metrics, alarms for people, notifications, saved queries, X-Ray's group and sampling rules."""
