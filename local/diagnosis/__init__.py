"""Says which fault fits what AWS's public APIs answer about a shop, on the laptop or on an account."""
