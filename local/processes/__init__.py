"""The stack of docker-compose.yml as plain processes, for a machine without Docker."""
