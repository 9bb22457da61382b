"""OTLP over HTTP: takes OpenTelemetry's spans and makes segment documents of them.

The rules are those of the OpenTelemetry collector's exporter for X-Ray, by which AWS's own collector (ADOT)
sends: https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/exporter/awsxrayexporter
"""
