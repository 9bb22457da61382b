"""Sampling rules of X-Ray: /sampling."""
