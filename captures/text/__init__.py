"""Text logs to chunks: a table of line shapes, the judgement which of them a text has, and the reader of its lines."""

JUDGED = 64 * 1024
"""Octets of a text that are looked at."""
HIDDEN = b"58"
"""What stands for an octet that is hidden: the letter X."""
HIDES = "octets are hidden in the text"
"""How the comment of a chunk begins in which some are. The doctor knows it, and loads none of what reads texts."""
