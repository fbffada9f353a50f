"""What is wished of a recording that runs: the kinds of the lines it hears."""

MARK = "mark"
"""A text is to stand in the file as a comment."""
SAVE = "save"
"""The file of that name is to be kept for good."""
ROTATE = "rotate"
"""Another file is to begin."""
STOP = "stop"
