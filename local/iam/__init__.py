"""IAM on this laptop: who asks, which action a request is, and whether policies allow it. Pure."""
