"""The list of traces: /traces; and the search box that every page has: /find."""
