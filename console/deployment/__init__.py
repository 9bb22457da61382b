"""One deployment: /deployments/d-<number>."""
