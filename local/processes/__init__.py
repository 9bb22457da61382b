"""Runs the stack of docker-compose.yml as plain processes, on a machine without Docker."""
