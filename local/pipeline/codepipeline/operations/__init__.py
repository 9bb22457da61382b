"""The operations of CodePipeline's API, version 2015-07-09, that are served here: one file each."""
