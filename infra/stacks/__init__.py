"""One CloudFormation stack a module, composed of the constructs in infra.constructs."""
