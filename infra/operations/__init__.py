"""The commands for an AWS account: deploy, drift, destroy, cost."""
