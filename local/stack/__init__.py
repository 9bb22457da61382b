"""What `make up`, `down`, `logs` and `status` do: the whole stack, as containers or as plain processes."""
