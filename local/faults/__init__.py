"""What `make fault` does: switches faults of the running shop on and off."""
