"""The three services that are deployed, and what they share."""
