"""Text logs to chunks: a table of line shapes, the judgement which of them a text has, and the reader of its lines."""

JUDGED = 64 * 1024
"""Octets of a text that are looked at."""
