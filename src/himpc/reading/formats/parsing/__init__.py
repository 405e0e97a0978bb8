"""Helpers of several formats. They raise `FormatError`, with the file and line in its message, and nothing else."""
