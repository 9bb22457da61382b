"""Faults that the shop injects on purpose: /faults."""
