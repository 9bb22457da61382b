"""Filter expressions: the grammar, what each keyword means for a trace, the search for matching traces."""
