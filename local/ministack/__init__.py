"""The local AWS: MiniStack with Lantern's DynamoDB tables, its data kept on disk."""
