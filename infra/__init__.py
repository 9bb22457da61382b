"""What AWS is told to make for Lantern, and the commands that make it, watch it and take it away."""
