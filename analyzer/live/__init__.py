"""Live sources to spool files: what listens to lines and networks, and never sends."""
