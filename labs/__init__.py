"""Exercises that prepare, check, hint, solve and clean up; a client of AWS's APIs and of the shop's HTTP."""
