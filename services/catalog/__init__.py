"""catalog: lanterns, prices, stock and its reservations."""
