"""What runs on Fargate: task definition, its roles, the service, its scaling, and ECS's own canary."""
