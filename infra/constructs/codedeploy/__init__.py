"""Blue/green deployments by CodeDeploy: group, alarms, role, and the smoke test before traffic."""
