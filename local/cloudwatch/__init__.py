"""The log agent, in place of FireLens: takes lines by the forward protocol and ships them to CloudWatch."""
