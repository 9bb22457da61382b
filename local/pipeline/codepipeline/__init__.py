"""In CodePipeline's place: executions move through the pipeline's stages, action by action."""
