"""What is deployed: three services and what they share."""
