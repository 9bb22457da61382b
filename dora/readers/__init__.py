"""Readers of deployments, commits and incidents; each returns a History that notes what it could not use."""
