"""DORA on AWS: the readers, rules and figures of `python -m dora` between a queue, a table and CloudWatch."""
