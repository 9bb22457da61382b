"""The DORA metrics as two AWS Lambda functions between an SQS queue, a DynamoDB table and CloudWatch."""
