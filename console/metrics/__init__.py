"""Charts of the services' metrics, and alarms: /metrics."""
