"""What the local X-Ray keeps on disk: one SQLite file, its writer and reader, an index, a retention limit."""
