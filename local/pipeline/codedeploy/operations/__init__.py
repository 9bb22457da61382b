"""CodeDeploy, API version 2014-10-06."""
