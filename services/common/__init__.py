"""What every service shares; knows HTTP and AWS, never a lantern, a price or an order."""
