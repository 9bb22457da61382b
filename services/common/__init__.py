"""What a service of any trade could copy: it knows HTTP and AWS, but no lantern, no price and no order."""
