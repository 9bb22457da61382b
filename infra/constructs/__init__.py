"""What the stacks are composed of: one construct a module, in rooms by AWS service."""
