"""AWS on a laptop: stand-ins and the supervisor; nothing here ships."""
