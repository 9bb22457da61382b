"""The DORA metrics on AWS: event queue, functions, alarms, dashboard."""
