"""Groups of X-Ray: /groups."""
