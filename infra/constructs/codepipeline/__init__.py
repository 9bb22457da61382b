"""Where the pipeline's commits come from, and what its role may do."""
