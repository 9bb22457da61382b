"""What must hold for the AWS files, as functions: files in, a list of problems out.

A problem names the file and the key, what was found, what was expected and, where it is not plain, why.
"""
