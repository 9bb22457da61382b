"""Log lines of all services: /logs."""
