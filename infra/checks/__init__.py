"""Rules for the files that AWS reads, as functions that take the files and return a list of problems.

A problem is one line: the file, the field, its value, what was expected and, where it is not plain, why.
"""
