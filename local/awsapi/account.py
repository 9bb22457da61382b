"""The account number and the region of the AWS on this laptop: AWS's own example account."""

ACCOUNT = "111122223333"
REGION = "us-east-1"
