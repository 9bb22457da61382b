"""Serves any AWS API from botocore's own model of it: routing, validation, errors. Knows no service."""
