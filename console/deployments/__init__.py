"""The list of executions and of the newest deployments: /deployments."""
