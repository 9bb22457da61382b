"""Serves any AWS API from botocore's model of it: routing, validation, errors. It knows no service."""
