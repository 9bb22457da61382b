"""One execution of the pipeline: /deployments/<execution id>."""
