"""Facts to causes: what damaged a frame, why an association ended, and what to try."""
