"""Sources of deployments, commits and incidents; each ends in a History and names what it could not use."""
