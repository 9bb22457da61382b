"""CodePipeline, CodeBuild and CodeDeploy that run here, against the same files and the same API as on AWS."""
