"""The service map: /map."""
