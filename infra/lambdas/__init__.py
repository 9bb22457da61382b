"""The functions that run on AWS, each a file that fits inline into its template."""
