"""The list of traces: /traces."""
