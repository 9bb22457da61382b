"""In CodeDeploy's place: blue/green deployments of ECS services, with traffic shifting and rollback."""
