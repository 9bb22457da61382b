"""Who acts in a rehearsal: the roles of the templates, their sessions, and what they may do."""
