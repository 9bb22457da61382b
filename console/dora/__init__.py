"""The five DORA metrics of each service: /dora."""
