"""One page a module: it reads the address, asks, and renders."""
