"""The operations of CodeCommit's API, one a file."""
