"""Lantern's AWS resources as CDK code, the checks of what it makes, and the commands that deploy it."""
