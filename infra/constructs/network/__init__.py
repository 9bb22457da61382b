"""The VPC with its flow logs, the security groups, VPC endpoints and the NAT gateway."""
