"""The five DORA metrics per service, from deployments, commits and incidents; docs/dora.md has the rules."""
