"""The operations of CloudWatch's API on the alarms that are evaluated here, one a file."""
