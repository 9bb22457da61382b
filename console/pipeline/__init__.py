"""CodePipeline and CodeDeploy, for the pages deployments, execution, deployment and dora; no page itself."""
