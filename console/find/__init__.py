"""The question box of every page: /find."""
