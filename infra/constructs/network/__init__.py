"""The VPC's parts: security groups, ways out, flow logs."""
