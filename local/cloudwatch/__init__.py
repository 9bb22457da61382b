"""The log agent, in FireLens' place: lines in by the forward protocol, out by CloudWatch's API."""
