"""The five DORA metrics of each service, from deployments, commits and incidents (docs/dora.md)."""
