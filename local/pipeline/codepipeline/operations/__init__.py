"""CodePipeline, API version 2015-07-09."""
