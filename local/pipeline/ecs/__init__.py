"""In the place of ECS and Fargate: task sets and their tasks, as containers of the Docker engine."""
