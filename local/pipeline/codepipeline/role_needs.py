"""What CodePipeline's actions need of the pipeline's role, where this stand-in does without AWS's calls.

https://docs.aws.amazon.com/codepipeline/latest/userguide/how-to-custom-role.html
"""

from collections.abc import Mapping

from local.iam.operations import Access
from local.pipeline.identifiers import arn


def of_source(configuration: Mapping[str, str]) -> list[Access]:
    """Of the CodeCommit action."""
    repository = arn("codecommit", configuration.get("RepositoryName", ""))
    names = ("GetBranch", "GetCommit", "UploadArchive", "GetUploadArchiveStatus")
    return [Access(f"codecommit:{name}", repository) for name in names]


def of_build(configuration: Mapping[str, str]) -> list[Access]:
    """Of the CodeBuild action."""
    project = arn("codebuild", f"project/{configuration['ProjectName']}")
    return [Access(f"codebuild:{name}", project) for name in ("StartBuild", "BatchGetBuilds")]


def of_deployment(configuration: Mapping[str, str], config: str) -> list[Access]:
    """Of the CodeDeployToECS action; `config` is the deployment configuration that the group has."""
    application = configuration["ApplicationName"]
    group = f"deploymentgroup:{application}/{configuration['DeploymentGroupName']}"
    of_application = ("GetApplication", "RegisterApplicationRevision", "GetApplicationRevision")
    return [
        *(
            Access(f"codedeploy:{name}", arn("codedeploy", f"application:{application}"))
            for name in of_application
        ),
        Access("codedeploy:GetDeploymentConfig", arn("codedeploy", f"deploymentconfig:{config}")),
        *(
            Access(f"codedeploy:{name}", arn("codedeploy", group))
            for name in ("CreateDeployment", "GetDeployment")
        ),
    ]
