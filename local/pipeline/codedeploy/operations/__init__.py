"""The operations of CodeDeploy's API, version 2014-10-06, that are served here: one file each."""
