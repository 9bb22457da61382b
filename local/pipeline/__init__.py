"""CodePipeline on a laptop: a room for each AWS service that takes part, and the runner that drives them."""
