"""One CloudFormation stack a module; a stack composes what infra.constructs builds."""
