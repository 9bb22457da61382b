"""Shoppers: Locust on a believable mix, in an environment of its own; nothing of Lantern imports it."""
