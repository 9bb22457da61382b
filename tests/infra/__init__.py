"""Tests of what AWS is told to make."""
